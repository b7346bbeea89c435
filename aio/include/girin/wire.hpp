// How arguments and results travel between processes of the same program on the same machine.
//
// Values follow each other without anything in between. What is trivially copyable is its bytes in memory, padding
// included. A std::string or std::vector is the number of its elements in eight bytes, and then the elements. A
// std::pair or std::tuple is its elements. What holds an address (a pointer, a reference, a std::string_view, a
// std::span) would mean nothing elsewhere and does not compile; a struct with a pointer in it cannot be told from one
// without, and must not be sent.
#pragma once

#include <array>
#include <bit>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace girin {

namespace detail {

// Takes values off the front of a message. Throws std::out_of_range when it is too short.
class wire_reader {
 public:
    explicit wire_reader(std::string_view message) noexcept : left_(message) {}

    std::string_view take(std::uint64_t count, std::size_t size = 1) {
        if (count > left_.size() / size) throw std::out_of_range("a message between processes is too short");
        std::string_view taken = left_.substr(0, count * size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    // To be called at the end: throws when something is left.
    void end() const {
        if (!left_.empty()) throw std::out_of_range("a message between processes is too long");
    }
    std::size_t left() const noexcept { return left_.size(); }

 private:
    std::string_view left_;
};

template <class T>
inline constexpr bool holds_an_address = std::is_pointer_v<T> || std::is_member_pointer_v<T> ||
                                         std::is_null_pointer_v<T> || std::is_reference_v<T> || std::is_array_v<T>;
template <class Char, class Traits>
inline constexpr bool holds_an_address<std::basic_string_view<Char, Traits>> = true;
template <class T, std::size_t Size>
inline constexpr bool holds_an_address<std::span<T, Size>> = true;
template <class T>
inline constexpr bool holds_an_address<std::reference_wrapper<T>> = true;
template <class Promise>
inline constexpr bool holds_an_address<std::coroutine_handle<Promise>> = true;

template <class T>
concept sent_as_bytes = std::is_trivially_copyable_v<T> && !holds_an_address<T>;

template <class T>
struct wire;

template <sent_as_bytes T>
struct wire<T> {
    static void put(std::string& message, const T& value) {
        message.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    static T get(wire_reader& message) {
        std::array<char, sizeof(T)> bytes;
        std::memcpy(bytes.data(), message.take(sizeof(T)).data(), sizeof(T));
        return std::bit_cast<T>(bytes);
    }
};

template <>
struct wire<std::string> {
    static void put(std::string& message, std::string_view value) {
        wire<std::uint64_t>::put(message, value.size());
        message += value;
    }
    static std::string get(wire_reader& message) {
        return std::string(message.take(wire<std::uint64_t>::get(message)));
    }
};

template <class T>
    requires requires { &wire<T>::get; }
struct wire<std::vector<T>> {
    static constexpr bool as_one = sent_as_bytes<T> && !std::is_same_v<T, bool>;

    static void put(std::string& message, const std::vector<T>& values) {
        wire<std::uint64_t>::put(message, values.size());
        if constexpr (as_one)
            message.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
        else
            for (const auto& value : values) wire<T>::put(message, value);
    }
    static std::vector<T> get(wire_reader& message) {
        auto count = wire<std::uint64_t>::get(message);
        std::vector<T> values;
        if constexpr (as_one) {
            wire_reader elements(message.take(count, sizeof(T)));
            values.reserve(count);
            while (count-- != 0) values.push_back(wire<T>::get(elements));
        } else {
            while (count-- != 0) values.push_back(wire<T>::get(message));
        }
        return values;
    }
};

template <template <class...> class Tuple, class... T>
    requires(std::is_same_v<Tuple<T...>, std::tuple<T...>> || std::is_same_v<Tuple<T...>, std::pair<T...>>) &&
            (!sent_as_bytes<Tuple<T...>>) && (requires { &wire<T>::get; } && ...)
struct wire<Tuple<T...>> {
    static void put(std::string& message, const Tuple<T...>& values) {
        std::apply([&](const T&... value) { (wire<T>::put(message, value), ...); }, values);
    }
    static Tuple<T...> get(wire_reader& message) {
        return Tuple<T...>{wire<T>::get(message)...};  // in braces they are read from left to right
    }
};

}  // namespace detail

// What can be sent.
template <class T>
concept transferable = requires { &detail::wire<T>::get; };

}  // namespace girin
