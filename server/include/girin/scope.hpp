// The first of the contract's three arguments: what a connection or request is about.
#pragma once

#include <girin/address.hpp>
#include <girin/headers.hpp>
#include <girin/lifespan_state.hpp>
#include <girin/type_key.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

namespace girin {

enum class scope_type : std::uint8_t { http, websocket, lifespan };

// A scope of ASGI 3.0, spec 2.5. Every view borrows from the server and is valid until the application has returned for
// this scope. Copying is cheap and allocates nothing, so that middleware can pass on a changed one.
class scope {
 public:
    static constexpr std::string_view asgi_version = "3.0";
    static constexpr std::string_view asgi_spec_version = "2.5";

    explicit scope(scope_type t = scope_type::http) : type(t) {}

    scope_type type;
    std::string_view http_version = "1.1";  // "1.0", "1.1" or "2"
    std::string_view method;                // upper-case; http only
    std::string_view scheme = "http";       // "http", "https", "ws", "wss"
    std::string_view path;                  // root_path and below it raw_path, percent-decoded
    std::string_view raw_path;              // as it came, without the query
    std::string_view query_string;          // what follows '?', still encoded
    std::string_view root_path;             // where the application is mounted
    headers_view headers;                   // names lower-case, order and duplicates kept
    std::optional<address> client;
    std::optional<address> server;
    std::span<const std::string_view> subprotocols;  // websocket only
    lifespan_state* state = nullptr;                 // null when lifespan is off

    // A typed slot: what middleware or the router adds for the applications inside it. The value is borrowed, so it
    // must outlive the call it is passed to. Null when nobody filled it.
    template <class T>
    T* slot() const noexcept {
        for (std::size_t i = 0; i < slots_used_; ++i)
            if (slots_[i].key == detail::type_key_of<T>()) return static_cast<T*>(slots_[i].value);
        return nullptr;
    }

    // Fills or replaces the slot of type T. Eight types fit; a ninth is a std::length_error.
    template <class T>
    void set_slot(T& value) {
        std::size_t i = 0;
        while (i < slots_used_ && slots_[i].key != detail::type_key_of<T>()) ++i;
        if (i == slots_.size()) throw std::length_error("a scope has room for eight typed slots");
        slots_[i] = {detail::type_key_of<T>(), &value};
        if (i == slots_used_) ++slots_used_;
    }

    // A copy whose slot of type T is `value`.
    template <class T>
    scope with(T& value) const {
        scope copy = *this;
        copy.set_slot(value);
        return copy;
    }

 private:
    struct typed_slot {
        detail::type_key key;
        void* value;
    };
    std::array<typed_slot, 8> slots_;
    std::size_t slots_used_ = 0;
};

}  // namespace girin
