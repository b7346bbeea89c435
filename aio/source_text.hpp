// Source locations as text.
#pragma once

#include <source_location>
#include <string>
#include <string_view>

namespace girin::detail {

// The name of a function, without the types of what it takes and returns. Async-signal-safe.
std::string_view function_name(const std::source_location& where) noexcept;

// "in producer (orders.cpp:12)"
std::string place_text(const std::source_location& where);

// "File 'orders.cpp', line 12, in async producer()", or "in async generator numbers()"
std::string frame_text(const std::source_location& where);

}  // namespace girin::detail
