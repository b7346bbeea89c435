// What stands in Host and in an absolute-form target: a host with an optional port.
#pragma once

#include <cstddef>
#include <string_view>

namespace girin::http1 {

// Whether the text is a host with an optional port (RFC 9110 section 7.2, RFC 3986 section 3.2), without user
// information.
bool is_authority(std::string_view text);

// Remembers the last text that was one. The clients of a server call it by the same name, request after request, and
// comparing costs a fraction of checking.
class authority_checker {
 public:
    // The same as is_authority.
    bool accepts(std::string_view text) {
        return (size_ != 0 && text == std::string_view(last_, size_)) || check(text);
    }

 private:
    bool check(std::string_view text);

    std::size_t size_ = 0;
    char last_[64];
};

}  // namespace girin::http1
