// How the compilers differ in what std::source_location says.
#pragma once

#include <string>

namespace girin::test {

#if defined(__clang__)
inline const std::string anonymous = "(anonymous namespace)::";
inline constexpr bool begins_at_its_end = false;
inline constexpr bool tells_types = true;
#else
inline const std::string anonymous = "{anonymous}::";
inline constexpr bool begins_at_its_end = true;  // g++ takes the last line of a coroutine for where it begins
inline constexpr bool tells_types = false;       // and often not what it returns
#endif

}  // namespace girin::test
