// A route's pattern, such as /users/{id:int}/files/{rest:path}, taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace girin::detail {

// What a parameter takes: a whole number of digits, a segment (anything but '/', at least one character), or the rest
// of the path, which may be empty.
enum class param_kind : std::uint8_t { integer, segment, rest };

// The literal text, then the parameter that follows it; the last piece may have none.
struct pattern_piece {
    std::string text;
    bool has_param = false;
    param_kind kind = param_kind::segment;
    std::string name;
};

// std::invalid_argument with a reason for a pattern that is not one: it starts with '/'; a parameter is {name},
// {name:int} or {name:path} with an identifier that is used once, and is followed by '/' or the end; {name:path} comes
// last; there are at most eight.
std::vector<pattern_piece> parse_pattern(std::string_view pattern);

}  // namespace girin::detail
