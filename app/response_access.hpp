// A response as the contract's messages.
#pragma once

#include "app/body_source.hpp"

#include <girin/messages.hpp>
#include <girin/response.hpp>

#include <string>
#include <string_view>

namespace girin::detail {

class response_access {
 public:
    static response make(int status, std::string body, std::string_view media_type_literal) noexcept;
    static void set_source(response& r, body_source* source) noexcept { r.source_ = source_owner(source); }
    static void set_fields(response& r, const field_block& fields) { r.fields_ = fields; }

    static body_source* source(const response& r) noexcept { return r.source_.get(); }
    static bool has_content(const response& r) noexcept {
        return r.status >= 200 && r.status != 204 && r.status != 205 && r.status != 304;
    }
    static std::string_view media_type(const response& r) noexcept { return r.media_type_; }
    static const field_block& fields(const response& r) noexcept { return r.fields_; }
};

// http.response.start for a response. The server adds the length of a body that it is given whole. Borrows from the
// response.
class response_head {
 public:
    explicit response_head(const response& r);
    response_head(const response_head&) = delete;
    response_head& operator=(const response_head&) = delete;

    const http_response_start& start() const noexcept { return start_; }

 private:
    http_response_start start_;
};

}  // namespace girin::detail
