// A number that names a type, the same in every shared object: unlike an address, and without RTTI's look-ups.
#pragma once

#include <cstdint>
#include <string_view>

namespace girin::detail {

using type_key = std::uint64_t;

template <class T>
constexpr type_key type_key_of() {
    type_key hash = 14695981039346656037u;  // FNV-1a over the function's own name, in which T is spelt out
    for (char c : std::string_view(__PRETTY_FUNCTION__)) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return hash;
}

}  // namespace girin::detail
