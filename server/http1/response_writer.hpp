// The sending half of a connection: an application's messages in, the bytes of its response out.
#pragma once

#include "server/http1/byte_buffer.hpp"
#include "server/http1/request_head.hpp"
#include "server/http1/server_fields.hpp"

#include <girin/headers.hpp>

#include <cstdint>
#include <string_view>

namespace girin::http1 {

// What `body` left where it is, because copying it would cost more than a second piece in the write. Both views are
// empty when everything is in the buffer; the suffix is static text.
struct uncopied {
    std::string_view data;
    std::string_view suffix;

    bool empty() const { return data.empty() && suffix.empty(); }
};

// The rules of ASGI 3.0 and of RFC 9112 section 6. A response is one start and then at least one body, of which the
// last says so. The start is held back until the first body, so that the server can still put an error in its place.
// Where nothing declares a length, it is that of an only body; else the body is chunked, or for an HTTP/1.0 client
// ended by closing.
class response_writer {
 public:
    // Makes ready for the response to this request; without one (a request that cannot be read), HTTP/1.1 is assumed.
    void begin();
    void begin(const request_head& request);

    // Forgets a start that is still held, which the caller drops from its buffer.
    void restart() { state_ = state::start_expected; }

    // As protocol::start and protocol::body; `persists` is whether the connection stays open as far as is known.
    void start(int status, headers_view headers, const server_fields& own, byte_buffer& out);
    uncopied body(std::string_view chunk, bool more_body, bool persists, byte_buffer& out);

    // Whether a byte of the response has been made ready, so that nothing can take its place any more.
    bool on_the_wire() const { return state_ > state::head_held; }
    bool complete() const { return state_ == state::complete; }

    // Whether only the end of the connection tells the client where the response ends.
    bool ends_with_connection() const { return framing_ == framing::until_close; }

    // Whether this response, or the application, makes the connection close.
    bool closes() const { return closes_; }

 private:
    enum class state : std::uint8_t { start_expected, head_held, streaming, complete, refused };
    enum class message : std::uint8_t { start, body, last_body };
    enum class framing : std::uint8_t { none, counted, chunked, until_close };

    state after(message message) const;
    [[noreturn]] void refuse(message message) const;
    framing choose_framing(std::size_t size, bool more_body);
    void check_length(std::size_t size, bool more_body);
    char* put_framing_fields(char* out, bool persists) const;

    static const state transitions[4][3];

    std::uint64_t remaining_ = 0;
    std::uint16_t status_ = 0;
    state state_ = state::start_expected;
    framing framing_ = framing::none;
    bool has_length_ = false;
    bool to_head_ = false;
    bool to_http10_ = false;
    bool closes_ = false;
};

}  // namespace girin::http1
