// Small questions about text that several readers of settings ask.
#pragma once

#include <string>
#include <string_view>

namespace girin::config {

// ASCII letters made small.
std::string lower(std::string_view text);

// Whether `text` is UTF-8 (RFC 3629) without control characters other than tab.
bool is_printable(std::string_view text);

// 'text' for a message, cut off after 80 bytes, bytes that could upset a terminal written as \xNN.
std::string in_quotes(std::string_view text);

}  // namespace girin::config
