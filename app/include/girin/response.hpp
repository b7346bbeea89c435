// What a handler answers: status, header fields, and a body that is at hand or still to be generated.
#pragma once

#include <girin/export.hpp>
#include <girin/field_block.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace girin {

namespace detail {

class body_source;
class response_access;

// Owns a body that is generated while it is sent.
class GIRIN_EXPORT source_owner {
 public:
    source_owner() noexcept = default;
    explicit source_owner(body_source* source) noexcept : source_(source) {}
    source_owner(source_owner&& other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
    source_owner& operator=(source_owner&& other) noexcept {
        std::swap(source_, other.source_);
        return *this;
    }
    ~source_owner() {
        if (source_) destroy();
    }

    body_source* get() const noexcept { return source_; }

 private:
    void destroy() noexcept;
    body_source* source_ = nullptr;
};

}  // namespace detail

enum class same_site : std::uint8_t { none, lax, strict };

// What a cookie carries beside its name and value (RFC 6265 section 4.1.2).
struct cookie_options {
    std::optional<long> max_age = std::nullopt;  // seconds; without it the cookie ends with the browser's session
    std::string_view path = "/";                 // empty: the request's own folder
    // NOLINTNEXTLINE(readability-redundant-string-init): without it a designated initializer that skips it is a warning
    std::string_view domain = "";     // empty: this host alone
    bool secure = false;              // sent back over https only
    bool http_only = false;           // hidden from scripts
    same_site site = same_site::lax;  // whether other sites' requests carry it
};

// Move-only. Text is text/plain; charset=utf-8. Content-Length is added when it is sent. A response of 204, 205, 304 or
// 1xx is sent without content.
class GIRIN_EXPORT response {
 public:
    response() noexcept = default;
    response(std::string text, int status_code = 200) noexcept : status(status_code), body_(std::move(text)) {}
    response(std::string_view text, int status_code = 200) : response(std::string(text), status_code) {}
    response(const char* text, int status_code = 200) : response(std::string(text), status_code) {}

    int status = 200;

    // The body that is at hand; empty for one that is generated.
    const std::string& body() const noexcept { return body_; }
    // Whether the body is generated while it is sent.
    bool is_streaming() const noexcept { return source_.get() != nullptr; }

    // The value of the first field of that name, valid until the next change.
    std::optional<std::string_view> header(std::string_view name) const;
    // Replaces every field of that name. std::invalid_argument for a name or value that no header may have, such as one
    // with a line break (RFC 9110 section 5).
    response& set_header(std::string_view name, std::string_view value);
    // Adds a field beside those of the same name, with the same checks.
    response& add_header(std::string_view name, std::string_view value);
    // Removes every field of that name.
    response& remove_header(std::string_view name);

    // Adds a Set-Cookie. std::invalid_argument for a name, value or attribute that RFC 6265 section 4.1.1 does not
    // allow.
    response& set_cookie(std::string_view name, std::string_view value, const cookie_options& options = {});
    // Asks the browser to forget the cookie; path and domain must be those it was set with.
    response& delete_cookie(std::string_view name, const cookie_options& options = {});

 private:
    friend class detail::response_access;

    std::string_view media_type_ = "text/plain; charset=utf-8";  // a literal; empty once a content-type was set by name
    std::string body_;
    detail::field_block fields_;
    detail::source_owner source_;
};

// text/html; charset=utf-8
GIRIN_EXPORT response html_response(std::string html, int status = 200);
// Bytes of any media type.
GIRIN_EXPORT response bytes_response(std::string bytes, std::string_view media_type = "application/octet-stream",
                                     int status = 200);
// No content at all.
GIRIN_EXPORT response empty_response(int status = 204);
// 307 keeps the method; 303 asks for a GET. What a URL may not contain is percent-encoded.
GIRIN_EXPORT response redirect_response(std::string_view url, int status = 307);

}  // namespace girin
