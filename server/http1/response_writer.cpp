#include "server/http1/response_writer.hpp"

#include "server/http1/put.hpp"
#include "server/http1/response_fields.hpp"
#include "server/http1/status.hpp"

#include <girin/asgi_error.hpp>
#include <girin/status.hpp>

#include <charconv>
#include <string>

namespace girin::http1 {
namespace {

// A longer piece of body is left where it is.
constexpr std::size_t longest_copy = 16384;

template <int base>
char* put_number(char* out, std::uint64_t number) {
    constexpr int most_digits = 20;
    return std::to_chars(out, out + most_digits, number, base).ptr;
}

// One copy for the status that most responses have.
char* put_status_line(char* out, int status) {
    if (status == 200) return put(out, "HTTP/1.1 200 OK\r\n");
    out = put_digits(put(out, "HTTP/1.1 "), status, 3);
    return put(put(put(out, " "), reason_phrase(status)), "\r\n");
}

}  // namespace

// What each message does in each state. The head is held until a body comes, because until then an error may replace
// it; after the last body nothing may follow.
const response_writer::state response_writer::transitions[4][3] = {
    //                    start             body              last body
    /* start_expected */ {state::head_held, state::refused, state::refused},
    /* head_held      */ {state::refused, state::streaming, state::complete},
    /* streaming      */ {state::refused, state::streaming, state::complete},
    /* complete       */ {state::refused, state::refused, state::refused},
};

response_writer::state response_writer::after(message message) const {
    const state next = transitions[static_cast<int>(state_)][static_cast<int>(message)];
    if (next == state::refused) refuse(message);
    return next;
}

void response_writer::refuse(message message) const {
    const std::string got = message == message::start ? "'http.response.start'" : "'http.response.body'";
    if (state_ == state::complete)
        throw asgi_error("Unexpected ASGI message " + got + " sent, after response already completed.");
    const std::string expected = message == message::start ? "'http.response.body'" : "'http.response.start'";
    throw asgi_error("Expected ASGI message " + expected + ", but got " + got + ".");
}

void response_writer::begin() {
    *this = response_writer();
}

void response_writer::begin(const request_head& request) {
    begin();
    to_head_ = request.method == "HEAD";
    to_http10_ = request.is_http10();
}

void response_writer::start(int status, headers_view headers, const server_fields& own, byte_buffer& out) {
    const state next = after(message::start);
    if (status < 200 || status > 599)
        throw asgi_error("Invalid HTTP status code '" + std::to_string(status) + "' in response: expected 200 to 599.");

    constexpr std::size_t own_size = 160;  // The status line and the two fields below.
    response_facts facts;
    char* at = out.room(own_size + fields_size(headers));
    at = put_status_line(at, status);
    at = put_fields(at, headers, facts);
    if (!facts.has_date) at = put(at, own.date());
    if (!facts.has_server) at = put(at, own.server());
    out.hold(at);

    status_ = static_cast<std::uint16_t>(status);
    has_length_ = facts.content_length.has_value();
    remaining_ = facts.content_length.value_or(0);
    closes_ = closes_ || facts.close;
    state_ = next;
}

response_writer::framing response_writer::choose_framing(std::size_t size, bool more_body) {
    const bool has_body = may_have_body(status_);
    // A HEAD is told the length that a GET would have had, unless the application left the body out for it.
    if (!has_length_ && !more_body && has_body && (!to_head_ || size != 0)) {
        has_length_ = true;
        remaining_ = size;
    }
    if (to_head_ || !has_body) return framing::none;
    if (has_length_) return framing::counted;
    return to_http10_ ? framing::until_close : framing::chunked;
}

void response_writer::check_length(std::size_t size, bool more_body) {
    if (size > remaining_) {
        closes_ = true;
        throw asgi_error("Response content longer than Content-Length");
    }
    if (!more_body && size < remaining_) {
        closes_ = true;
        throw asgi_error("Response content shorter than Content-Length");
    }
}

char* response_writer::put_framing_fields(char* out, bool persists) const {
    if (framing_ == framing::chunked) {
        out = put(out, "transfer-encoding: chunked\r\n");
    } else if (has_length_ && may_have_length(status_)) {
        out = put(out, "content-length: ");
        out = put_number<10>(out, remaining_);
        out = put(out, "\r\n");
    }
    if (!persists && !to_http10_) out = put(out, "connection: close\r\n");
    if (persists && to_http10_) out = put(out, "connection: keep-alive\r\n");
    return put(out, "\r\n");
}

uncopied response_writer::body(std::string_view chunk, bool more_body, bool persists, byte_buffer& out) {
    const state next = after(more_body ? message::body : message::last_body);
    const bool begins = state_ == state::head_held;
    const framing framing = begins ? choose_framing(chunk.size(), more_body) : framing_;
    if (framing == framing::counted) check_length(chunk.size(), more_body);
    if (framing == framing::until_close) closes_ = true;
    if (framing == framing::none) chunk = {};
    framing_ = framing;
    state_ = next;

    constexpr std::size_t framing_size = 128;
    const bool copies = chunk.size() <= longest_copy;
    char* at = out.room(framing_size + (copies ? chunk.size() : 0));
    if (begins) at = put_framing_fields(at, persists && !closes_);
    if (framing == framing::counted) remaining_ -= chunk.size();
    std::string_view suffix;
    if (framing == framing::chunked) {
        if (!chunk.empty()) {
            at = put(put_number<16>(at, chunk.size()), "\r\n");
            suffix = more_body ? "\r\n" : "\r\n0\r\n\r\n";
        } else if (!more_body) {
            suffix = "0\r\n\r\n";
        }
    }
    if (copies) at = put(put(at, chunk), suffix);
    out.hold(at);
    out.release();
    return copies ? uncopied() : uncopied{chunk, suffix};
}

}  // namespace girin::http1
