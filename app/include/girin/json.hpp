// JSON for requests, responses and tests; the one public header that includes nlohmann's.
#pragma once

#include <girin/export.hpp>
#include <girin/http_error.hpp>
#include <girin/request.hpp>
#include <girin/response.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace girin {

using nlohmann::json;

// The deepest nesting that parse_json accepts; what walks a document recurses.
inline constexpr std::size_t max_json_depth = 500;

// The document; malformed text is an http_error 400 that names the position and shows no more than 200 bytes of it, and
// so is a number that no double holds.
GIRIN_EXPORT json parse_json(std::string_view text);

// application/json, compact. Text that is not UTF-8 is a json::type_error.
GIRIN_EXPORT response json_response(const json& document, int status = 200);

namespace detail {

[[noreturn]] GIRIN_EXPORT void refuse_document(const json::exception& reason);

template <>
struct json_reader<void> {
    using value_type = json;
    static json read(std::string_view text) { return parse_json(text); }
};

template <class T>
struct json_reader {
    using value_type = T;
    static T read(std::string_view text) {
        const json document = parse_json(text);
        try {
            return document.get<T>();
        } catch (const json::exception& reason) {
            refuse_document(reason);
        }
    }
};

}  // namespace detail

}  // namespace girin
