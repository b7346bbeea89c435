// The messages of ASGI 3.0 (spec 2.5) as types. Every view borrows: what is sent must live until send() has returned,
// what was received until the next receive(). own() keeps one longer. The specification's optional extensions
// (trailers, push, path send, early hints, a refused handshake with content) are not among them: http.response.start
// has no `trailers` and a scope no `extensions`, because an application may use only what `extensions` names.
#pragma once

#include <girin/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace girin {

// The fields of a message, eight of them without an allocation.
class header_list {
 public:
    header_list() noexcept {}
    header_list(headers_view fields) {
        for (const header& field : fields) add(field.name, field.value);
    }

    void add(std::string_view name, std::string_view value) {
        if (size_ < few)
            ::new (&few_[size_]) header{name, value};
        else
            add_to_many({name, value});
        ++size_;
    }

    std::span<header> fields() noexcept { return {size_ > few ? many_.data() : few_, size_}; }
    headers_view fields() const noexcept { return {size_ > few ? many_.data() : few_, size_}; }

 private:
    // Not inline, so that adding one of the few stays small.
    [[gnu::noinline]] void add_to_many(const header& field) {
        if (size_ == few) many_.assign(few_, few_ + few);
        many_.push_back(field);
    }

    static constexpr std::size_t few = 8;
    union {
        header few_[few];  // made as they are added: clearing all of them costs more than most messages need
    };
    std::size_t size_ = 0;
    std::vector<header> many_;
};

// A message with its own copy of everything it views.
template <class Message>
class owned {
 public:
    explicit owned(const Message& message) : message_(message) {
        std::size_t size = 0;
        message_.each_view([&](std::string_view& view) { size += view.size(); });
        bytes_.resize(size);
        char* next = bytes_.data();
        message_.each_view([&](std::string_view& view) {
            if (!view.empty()) std::memcpy(next, view.data(), view.size());
            view = {next, view.size()};
            next += view.size();
        });
    }

    owned(owned&&) noexcept = default;
    owned& operator=(owned&&) noexcept = default;

    const Message& operator*() const noexcept { return message_; }
    const Message* operator->() const noexcept { return &message_; }

 private:
    Message message_;
    std::vector<char> bytes_;
};

// http.request
struct http_request {
    http_request() = default;
    explicit http_request(std::string_view b, bool more = false) : body(b), more_body(more) {}

    std::string_view body;
    bool more_body = false;

    static constexpr std::string_view type = "http.request";
    template <class F>
    void each_view(F f) {
        f(body);
    }
    owned<http_request> own() const { return owned(*this); }
};

// http.disconnect: the client left, or the response is complete.
struct http_disconnect {
    static constexpr std::string_view type = "http.disconnect";
};

// http.response.start
struct http_response_start {
    explicit http_response_start(int s) : status(s) {}
    http_response_start(int s, headers_view h) : status(s), headers(h) {}

    http_response_start& header(std::string_view name, std::string_view value) & {
        headers.add(name, value);
        return *this;
    }
    http_response_start&& header(std::string_view name, std::string_view value) && {
        headers.add(name, value);
        return std::move(*this);
    }

    int status;  // 200 to 599; send() refuses others: the interim ones (RFC 9110 section 15.2) are the server's
    header_list headers;

    static constexpr std::string_view type = "http.response.start";
    template <class F>
    void each_view(F f) {
        for (girin::header& field : headers.fields()) f(field.name), f(field.value);
    }
    owned<http_response_start> own() const { return owned(*this); }
};

// http.response.body
struct http_response_body {
    explicit http_response_body(std::string_view b = {}, bool more = false) : body(b), more_body(more) {}

    std::string_view body;
    bool more_body;

    static constexpr std::string_view type = "http.response.body";
    template <class F>
    void each_view(F f) {
        f(body);
    }
    owned<http_response_body> own() const { return owned(*this); }
};

// websocket.connect
struct websocket_connect {
    static constexpr std::string_view type = "websocket.connect";
};

// websocket.accept
struct websocket_accept {
    explicit websocket_accept(std::string_view p = {}, headers_view h = {}) : subprotocol(p), headers(h) {}

    std::string_view subprotocol;  // empty: none chosen
    header_list headers;

    static constexpr std::string_view type = "websocket.accept";
    template <class F>
    void each_view(F f) {
        f(subprotocol);
        for (girin::header& field : headers.fields()) f(field.name), f(field.value);
    }
    owned<websocket_accept> own() const { return owned(*this); }
};

// What a WebSocket message carries.
enum class websocket_data : std::uint8_t { text, bytes };

// websocket.receive
struct websocket_receive {
    explicit websocket_receive(std::string_view d, websocket_data k = websocket_data::text) : data(d), kind(k) {}

    std::string_view data;
    websocket_data kind;

    static constexpr std::string_view type = "websocket.receive";
    template <class F>
    void each_view(F f) {
        f(data);
    }
    owned<websocket_receive> own() const { return owned(*this); }
};

// websocket.send
struct websocket_send {
    explicit websocket_send(std::string_view d, websocket_data k = websocket_data::text) : data(d), kind(k) {}

    std::string_view data;
    websocket_data kind;

    static constexpr std::string_view type = "websocket.send";
    template <class F>
    void each_view(F f) {
        f(data);
    }
    owned<websocket_send> own() const { return owned(*this); }
};

// websocket.disconnect; 1005 when the peer sent no code (RFC 6455 section 7.4.1)
struct websocket_disconnect {
    explicit websocket_disconnect(std::uint16_t c = 1005, std::string_view r = {}) : code(c), reason(r) {}

    std::uint16_t code;
    std::string_view reason;

    static constexpr std::string_view type = "websocket.disconnect";
    template <class F>
    void each_view(F f) {
        f(reason);
    }
    owned<websocket_disconnect> own() const { return owned(*this); }
};

// websocket.close; before websocket.accept it refuses the handshake with 403
struct websocket_close {
    explicit websocket_close(std::uint16_t c = 1000, std::string_view r = {}) : code(c), reason(r) {}

    std::uint16_t code;
    std::string_view reason;

    static constexpr std::string_view type = "websocket.close";
    template <class F>
    void each_view(F f) {
        f(reason);
    }
    owned<websocket_close> own() const { return owned(*this); }
};

// lifespan.startup
struct lifespan_startup {
    static constexpr std::string_view type = "lifespan.startup";
};

// lifespan.shutdown
struct lifespan_shutdown {
    static constexpr std::string_view type = "lifespan.shutdown";
};

// lifespan.startup.complete
struct lifespan_startup_complete {
    static constexpr std::string_view type = "lifespan.startup.complete";
};

// lifespan.startup.failed
struct lifespan_startup_failed {
    explicit lifespan_startup_failed(std::string_view m = {}) : message(m) {}

    std::string_view message;

    static constexpr std::string_view type = "lifespan.startup.failed";
    template <class F>
    void each_view(F f) {
        f(message);
    }
    owned<lifespan_startup_failed> own() const { return owned(*this); }
};

// lifespan.shutdown.complete
struct lifespan_shutdown_complete {
    static constexpr std::string_view type = "lifespan.shutdown.complete";
};

// lifespan.shutdown.failed
struct lifespan_shutdown_failed {
    explicit lifespan_shutdown_failed(std::string_view m = {}) : message(m) {}

    std::string_view message;

    static constexpr std::string_view type = "lifespan.shutdown.failed";
    template <class F>
    void each_view(F f) {
        f(message);
    }
    owned<lifespan_shutdown_failed> own() const { return owned(*this); }
};

// What receive() yields. Look into it with as<http_request>() and so on.
class receive_message {
 public:
    template <class Message>
    receive_message(Message message) noexcept : message_(message) {}

    // The message, if it is of that type, else null.
    template <class Message>
    const Message* as() const noexcept {
        return std::get_if<Message>(&message_);
    }

    // Its ASGI type, such as "http.request".
    std::string_view type() const noexcept {
        return std::visit([](const auto& message) { return message.type; }, message_);
    }

 private:
    std::variant<http_request, http_disconnect, websocket_connect, websocket_receive, websocket_disconnect,
                 lifespan_startup, lifespan_shutdown>
        message_;
};

// What send() takes: a reference to any message an application may send.
class send_message {
 public:
    template <class Message>
    send_message(const Message& message) noexcept : message_(&message) {}

    // The message, if it is of that type, else null.
    template <class Message>
    const Message* as() const noexcept {
        const Message* const* found = std::get_if<const Message*>(&message_);
        return found ? *found : nullptr;
    }

    // Its ASGI type, such as "http.response.start".
    std::string_view type() const noexcept {
        return std::visit([](const auto* message) { return message->type; }, message_);
    }

 private:
    std::variant<const http_response_start*, const http_response_body*, const websocket_accept*, const websocket_send*,
                 const websocket_close*, const lifespan_startup_complete*, const lifespan_startup_failed*,
                 const lifespan_shutdown_complete*, const lifespan_shutdown_failed*>
        message_;
};

}  // namespace girin
