#include "server/http1/protocol.hpp"

#include "server/http1/put.hpp"

namespace girin::http1 {

bool protocol::is_over() const {
    return reader_.ended() || (reader_.fully_read() && writer_.complete());
}

void protocol::begin_next() {
    if (!is_over()) return;
    reader_.begin();
    writer_.begin();
}

event protocol::next(std::span<char> unread, request_storage& storage) {
    if (is_over()) {
        if (!keep_alive()) return {event_kind::paused};
        if (unread.empty()) return {event_kind::need_data};
        begin_next();
    }
    const event event = reader_.next(unread, storage);
    switch (event.kind) {
        case event_kind::head:
            writer_.begin(storage.head);
            client_persists_ = storage.head.keep_alive;
            awaits_continue_ = storage.head.expect_continue;
            break;
        case event_kind::body:
            awaits_continue_ = false;
            break;
        case event_kind::failure:
            closing_ = true;
            break;
        default:
            break;
    }
    return event;
}

void protocol::start(int status, headers_view headers, const server_fields& own, byte_buffer& out) {
    writer_.start(status, headers, own, out);
}

uncopied protocol::body(std::string_view chunk, bool more_body, byte_buffer& out) {
    const bool open = persists();
    const uncopied rest = writer_.body(chunk, more_body, open, out);
    if (!open) closing_ = true;  // What the client has been told stands.
    return rest;
}

bool protocol::send_continue(byte_buffer& out) {
    if (!awaits_continue_ || writer_.on_the_wire()) return false;
    awaits_continue_ = false;
    out.insert_ready("HTTP/1.1 100 Continue\r\n\r\n");
    return true;
}

bool protocol::error_response(int status, std::string_view reason, const server_fields& own, byte_buffer& out,
                              headers_view further) {
    if (writer_.on_the_wire()) return false;
    out.drop_held();
    writer_.restart();
    writer_.start(status, further, own, out);
    constexpr std::string_view type = "content-type: text/plain; charset=utf-8\r\n";
    out.hold(put(out.room(type.size()), type));
    body(reason, false, out);
    return true;
}

}  // namespace girin::http1
