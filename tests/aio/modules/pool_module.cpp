// A module that process_pool_test.cpp loads, so that a process of a pool has to.
#include <girin/process_pool.hpp>

#include <string>

namespace {

std::string greeting = std::string("hello from ") + "a module";  // made by a constructor of the module

std::string greet(const std::string& whom) {
    return greeting + ", " + whom;
}

}  // namespace

extern "C" GIRIN_EXPORT const girin::detail::process_function* greet_function() {
    static constexpr girin::detail::process_function function = {
        &girin::detail::process_signature<decltype(&greet)>::call<&greet>, girin::detail::function_name<&greet>()};
    return &function;
}
