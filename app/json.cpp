#include <girin/json.hpp>

namespace girin {

json parse_json(std::string_view text) {
    try {
        return json::parse(text);
    } catch (const json::parse_error& error) {
        throw http_error(400, "malformed JSON at byte " + std::to_string(error.byte) + ": " + error.what());
    }
}

response json_response(const json& document, int status) {
    return bytes_response(document.dump(), "application/json", status);
}

void detail::refuse_document(const json::exception& reason) {
    throw http_error(422, std::string("the JSON document does not fit: ") + reason.what());
}

}  // namespace girin
