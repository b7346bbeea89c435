// Finds the end of a head or trailer section and refuses lines that parsers are known to disagree about.
#pragma once

#include "server/http1/failure.hpp"
#include "server/http1/limits.hpp"

#include <cstddef>
#include <string_view>

namespace girin::http1 {

// Refused are: a CR without LF and an LF without CR, every other control byte but HTAB in a field, a line that begins
// with white space (obs-fold, RFC 9112 section 5.2) or with ':', and whatever is over the limits, as soon as it is over
// them. Nothing is looked at twice, however small the pieces are that it arrives in.
class line_guard {
 public:
    // Whether the section begins with a request line, as a head does and a trailer section does not.
    explicit line_guard(bool request_line) : in_request_line_(request_line) {}

    // Goes on with a section of which `section` is everything that has arrived.
    failure scan(std::string_view section, const limits& limits);

    // How long the section is, with the empty line that ends it; 0 while that line has not arrived.
    std::size_t size() const { return complete_ ? scanned_ : 0; }

    // How long the request line is, without its CRLF.
    std::size_t request_line_size() const { return request_line_size_; }

 private:
    failure too_long() const;

    std::size_t scanned_ = 0;
    std::size_t line_ = 0;
    std::size_t request_line_size_ = 0;
    std::size_t fields_ = 0;
    bool in_request_line_;
    bool complete_ = false;
};

}  // namespace girin::http1
