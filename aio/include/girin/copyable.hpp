// Whether a type can really be copied: std::is_copy_constructible is wrong about containers of what cannot.
#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

namespace girin::detail {

template <class T>
struct copyable : std::is_copy_constructible<T> {};

template <class T>
    requires(!std::same_as<typename T::value_type, T>)
struct copyable<T> : std::conjunction<std::is_copy_constructible<T>, copyable<typename T::value_type>> {};

template <class A, class B>
struct copyable<std::pair<A, B>> : std::conjunction<copyable<A>, copyable<B>> {};

template <class... T>
struct copyable<std::tuple<T...>> : std::conjunction<copyable<T>...> {};

}  // namespace girin::detail
