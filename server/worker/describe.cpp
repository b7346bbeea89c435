#include "server/worker/describe.hpp"

#include "server/log/escape.hpp"

#include <girin/exceptions.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <typeinfo>

namespace girin::worker {

namespace {

std::string type_name(const std::type_info& type) {
    int status = 0;
    char* readable = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
    std::string name = readable ? readable : type.name();
    std::free(readable);
    return name;
}

}  // namespace

std::string describe(const std::exception_ptr& raised) {
    try {
        std::rethrow_exception(raised);
    } catch (const std::exception& e) {
        return type_name(typeid(e)) + ": " + log::escaped(e.what());
    } catch (const cancelled_error& e) {
        return "girin::cancelled_error: " + log::escaped(e.message());
    } catch (...) {
        const std::type_info* type = abi::__cxa_current_exception_type();
        return type ? type_name(*type) : "an exception of an unknown type";
    }
}

}  // namespace girin::worker
