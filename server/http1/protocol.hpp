// One HTTP/1.1 connection without its socket: bytes in, events out; messages in, bytes out.
#pragma once

#include "server/http1/byte_buffer.hpp"
#include "server/http1/date.hpp"
#include "server/http1/event.hpp"
#include "server/http1/limits.hpp"
#include "server/http1/request_reader.hpp"
#include "server/http1/request_storage.hpp"
#include "server/http1/response_writer.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace girin::http1 {

// Knows no socket, coroutine, clock or log, so that every kind of worker drives the same rules.
//
// Both halves move on their own: a response may begin and even be complete before its request is read, and the rest of
// the request is then still reported, so that the caller can discard it or give up (unread_body() says how much it is).
// The next request begins only when both are complete and keep_alive() says so; until then bytes that came early
// (pipelining) stay where they are. When the response is complete, an `end` has nobody to tell and may be left out.
class protocol {
 public:
    // The limits must outlive the connection.
    explicit protocol(const limits& limits) : reader_(limits) {}
    explicit protocol(const limits&& limits) = delete;

    // Reads on in what the client sent. `unread` is everything that has not been consumed, in one piece, and is written
    // to: field names become lower-case in place. `storage` is the same from the first event of a request until its
    // views are no longer used; after a `head` event its head can be read, for as long as the bytes of the head stay
    // where they are.
    event next(std::span<char> unread, request_storage& storage);

    // `http.response.start`: takes a final status and the fields, which are copied. The server's own are
    // added unless they are among them; Transfer-Encoding and Connection are the server's, but `connection: close` is
    // honoured. Raises asgi_error for a message that comes out of order or is invalid, and then nothing has changed.
    void start(int status, headers_view headers, const server_fields& own, byte_buffer& out);

    // `http.response.body`: makes the head ready if that is still held, and the chunk. What is returned has to be
    // written behind out.ready(), before the next call. Raises asgi_error as `start` does, and for content that is
    // longer or shorter than its Content-Length: then the connection closes.
    uncopied body(std::string_view chunk, bool more_body, byte_buffer& out);

    // Makes `100 Continue` ready if the client may be waiting for it, once, and never behind the head of the response
    // (RFC 9110 section 10.1.1). Returns whether it did.
    bool send_continue(byte_buffer& out);

    // The server's own answer, with the reason as text and further fields, in place of a head that is held. The
    // connection outlives it as it would any response: not when the request could not be read. Returns false, and does
    // nothing, when the response is on the wire.
    bool error_response(int status, std::string_view reason, const server_fields& own, byte_buffer& out,
                        headers_view further = {});

    // Makes this response the last one: the worker drains, or the client has used up its requests.
    void close_after_response() { closing_ = true; }

    // Begins the next request of a kept connection if the last is over, so that it can be answered before it is read.
    void begin_next();

    // Whether the connection outlives the response, if the request is read to its end: the one place that decides that,
    // for the Connection field and for keep_alive().
    bool persists() const { return client_persists_ && !awaits_continue_ && !closing_ && !writer_.closes(); }

    // Whether the connection can take another request: the response is complete, the request is read, and nobody wants
    // to close.
    bool keep_alive() const { return persists() && writer_.complete() && reader_.fully_read(); }

    bool response_on_the_wire() const { return writer_.on_the_wire(); }
    bool response_complete() const { return writer_.complete(); }
    // Whether only the end of the connection tells the client where the response ends, as HTTP/1.0 has it.
    bool response_ends_with_connection() const { return writer_.ends_with_connection(); }

    // Bytes of content that have not been consumed; the largest number when that is not known.
    std::uint64_t unread_body() const { return reader_.unread_body(); }

 private:
    bool is_over() const;

    request_reader reader_;
    response_writer writer_;
    bool client_persists_ = false;
    // The client has not been told to send the content, so whether it will is unknown (RFC 9110 section 10.1.1).
    bool awaits_continue_ = false;
    bool closing_ = false;
};

}  // namespace girin::http1
