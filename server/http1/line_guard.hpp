// Splits a head or trailer section into its lines and refuses those that parsers are known to disagree about.
#pragma once

#include "server/http1/failure.hpp"
#include "server/http1/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace girin::http1 {

// A line without its CRLF, as an offset into its section, because that may be moved while it arrives.
struct text_line {
    std::size_t begin;
    std::size_t size;
};

// Refused are: a CR without LF and an LF without CR, every other control byte but HTAB in a field, and whatever is over
// the limits; all of it as soon as it has arrived. Nothing is looked at twice, however small the pieces are that it
// arrives in.
class line_guard {
 public:
    enum class section : std::uint8_t { head, trailers };
    explicit line_guard(section kind) : kind_(kind) {}

    // Goes on with a section of which `text` is everything that has arrived. `lines` has room for limits::fields + 1 of
    // them, the request line being the first of a head.
    failure scan(std::string_view text, const limits& limits, text_line* lines);

    // How long the section is, with the empty line that ends it; 0 while that line has not arrived.
    std::size_t size() const { return size_; }

    // How many lines it has, without the empty one.
    std::size_t line_count() const { return line_count_; }

 private:
    bool in_request_line() const { return kind_ == section::head && line_count_ == 0; }
    failure pause(std::size_t line, std::size_t scanned, bool too_large);
    failure wrong_control(char c) const;
    failure too_long() const;

    std::uint32_t scanned_ = 0;
    std::uint32_t line_ = 0;
    std::uint32_t line_count_ = 0;
    std::uint32_t size_ = 0;
    section kind_;
};

}  // namespace girin::http1
