#include "app/response_access.hpp"
#include "app/text.hpp"

#include <girin/headers.hpp>
#include <girin/response.hpp>

#include <algorithm>
#include <stdexcept>

namespace girin {

namespace {

constexpr std::string_view content_type = "content-type";
constexpr std::string_view content_length = "content-length";

// RFC 6265 section 4.1.1
bool is_cookie_value(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\'; });
}

bool is_cookie_attribute(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f && c != ';'; });
}

std::string_view name_of(same_site site) {
    switch (site) {
        case same_site::lax:
            return "lax";
        case same_site::strict:
            return "strict";
        case same_site::none:
            return "none";
    }
    return {};
}

// What a URL may contain (RFC 3986 section 2), and '%' for what is encoded already.
bool is_url_character(char c) {
    const char lower = detail::ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> response::header(std::string_view name) const {
    if (!media_type_.empty() && same_name(name, content_type)) return media_type_;
    return fields_.find(name);
}

response& response::set_header(std::string_view name, std::string_view value) {
    detail::field_block changed = fields_;
    changed.remove(name);
    changed.add(name, value);
    fields_ = std::move(changed);
    if (same_name(name, content_type)) media_type_ = {};
    return *this;
}

response& response::add_header(std::string_view name, std::string_view value) {
    if (same_name(name, content_type)) return set_header(name, value);
    fields_.add(name, value);
    return *this;
}

response& response::remove_header(std::string_view name) {
    fields_.remove(name);
    if (same_name(name, content_type)) media_type_ = {};
    return *this;
}

response& response::set_cookie(std::string_view name, std::string_view value, const cookie_options& options) {
    if (!detail::is_token(name))
        throw std::invalid_argument("a cookie's name must be a token, and not \"" + std::string(name) + "\"");
    if (!is_cookie_value(value))
        throw std::invalid_argument(
            "the value of the cookie " + std::string(name) +
            " must have no spaces, quotes, commas, semicolons, backslashes or control characters");
    if (!is_cookie_attribute(options.path) || !is_cookie_attribute(options.domain))
        throw std::invalid_argument("the path and domain of the cookie " + std::string(name) +
                                    " must have no semicolons and no control characters");
    std::string cookie = std::string(name).append("=").append(value);
    if (options.max_age) cookie.append("; Max-Age=").append(std::to_string(*options.max_age));
    if (!options.domain.empty()) cookie.append("; Domain=").append(options.domain);
    if (!options.path.empty()) cookie.append("; Path=").append(options.path);
    if (options.secure) cookie.append("; Secure");
    if (options.http_only) cookie.append("; HttpOnly");
    cookie.append("; SameSite=").append(name_of(options.site));
    return add_header("set-cookie", cookie);
}

response& response::delete_cookie(std::string_view name, const cookie_options& options) {
    cookie_options expired = options;
    expired.max_age = 0;
    return set_cookie(name, "", expired);
}

response html_response(std::string html, int status) {
    return detail::response_access::make(status, std::move(html), "text/html; charset=utf-8");
}

response bytes_response(std::string bytes, std::string_view media_type, int status) {
    response answer(std::move(bytes), status);
    answer.set_header(content_type, media_type);
    return answer;
}

response empty_response(int status) {
    return detail::response_access::make(status, {}, {});
}

response redirect_response(std::string_view url, int status) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string location;
    for (char c : url) {
        if (is_url_character(c)) {
            location.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            location.append({'%', digits[byte >> 4], digits[byte & 15]});
        }
    }
    response answer = empty_response(status);
    answer.set_header("location", location);
    return answer;
}

namespace detail {

void source_owner::destroy() noexcept {
    delete source_;
}

response response_access::make(int status, std::string body, std::string_view media_type_literal) noexcept {
    response made(std::move(body), status);
    made.media_type_ = media_type_literal;
    return made;
}

response_head::response_head(const response& r) : start_(r.status) {
    const field_block& fields = response_access::fields(r);
    const bool has_content = response_access::has_content(r);
    if (const std::string_view media_type = response_access::media_type(r); has_content && !media_type.empty())
        start_.headers.add(content_type, media_type);
    fields.each([&](std::string_view name, std::string_view value) {
        if (has_content || (name != content_type && name != content_length)) start_.headers.add(name, value);
    });
}

}  // namespace detail

}  // namespace girin
