// The first of the contract's three arguments: what a connection or request is about.
#pragma once

#include <girin/export.hpp>
#include <girin/headers.hpp>
#include <girin/type_key.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace girin {

enum class scope_type : std::uint8_t { http, websocket, lifespan };

// One end of a connection. A unix socket has its path as host and no port.
struct address {
    std::string_view host;
    std::optional<std::uint16_t> port;
};

// What lifespan start-up made for the requests, by type: ASGI's `state`. One per worker, shared by all requests, filled
// before the first of them and emptied, last in first out, when the worker ends.
class lifespan_state {
 public:
    lifespan_state() = default;
    lifespan_state(const lifespan_state&) = delete;
    lifespan_state& operator=(const lifespan_state&) = delete;
    ~lifespan_state() {
        while (!entries_.empty()) entries_.pop_back();
    }

    // Keeps `value` and returns it. A second value of one type is a std::logic_error.
    template <class T>
    T& put(T value) {
        if (get<T>()) throw std::logic_error("the lifespan state already holds a value of this type");
        auto kept = std::make_shared<T>(std::move(value));
        entries_.push_back({detail::type_key_of<T>(), kept});
        return *kept;
    }

    // The value of that type, or null.
    template <class T>
    T* get() const noexcept {
        for (const entry& e : entries_)
            if (e.key == detail::type_key_of<T>()) return static_cast<T*>(e.value.get());
        return nullptr;
    }

 private:
    struct entry {
        detail::type_key key;
        std::shared_ptr<void> value;
    };
    std::vector<entry> entries_;
};

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
    std::string_view path;                  // percent-decoded, without the query
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
