#include "app/text.hpp"

#include <girin/json.hpp>

namespace girin {

namespace {

// Counts brackets outside strings, so that a hostile text is refused before anything is built from it.
void check_depth(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string) {
            if (c == '\\') ++i;
        } else if (c == '[' || c == '{') {
            if (++depth > max_json_depth)
                throw http_error(400, "malformed JSON at byte " + std::to_string(i + 1) + ": nested more than " +
                                          std::to_string(max_json_depth) + " deep");
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
}

}  // namespace

json parse_json(std::string_view text) {
    check_depth(text);
    try {
        return json::parse(text);
    } catch (const json::parse_error& error) {
        throw http_error(400,
                         "malformed JSON at byte " + std::to_string(error.byte) + ": " + detail::excerpt(error.what()));
    } catch (const json::exception& error) {  // a number beyond what a double holds
        throw http_error(400, "malformed JSON: " + detail::excerpt(error.what()));
    }
}

response json_response(const json& document, int status) {
    return bytes_response(document.dump(), "application/json", status);
}

void detail::refuse_document(const json::exception& reason) {
    throw http_error(422, std::string("the JSON document does not fit: ") + reason.what());
}

}  // namespace girin
