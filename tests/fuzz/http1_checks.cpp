#include "tests/fuzz/http1_checks.hpp"

#include "tests/support/http1_transcript.hpp"

#include <girin/asgi_error.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace girin::testing {
namespace {

constexpr http1::limits tight{.request_line = 40,
                              .fields = 3,
                              .field_size = 40,
                              .head_size = 120,
                              .trailers_size = 80,
                              .body_size = 40,
                              .chunk_overhead = 10,
                              .underscore_names = true};

bool is_same_in_pieces(std::string_view bytes, const http1::limits& limits) {
    http1_transcript connection(limits);
    connection.feed(bytes);
    const std::string whole = connection.text();

    connection.reconnect();
    for (std::size_t i = 0; i < bytes.size(); ++i) connection.feed(bytes.substr(i, 1));
    if (connection.text() != whole) return false;

    const std::size_t third = bytes.size() / 3;
    connection.reconnect();
    connection.feed(bytes.substr(0, third));
    connection.feed(bytes.substr(third, third));
    connection.feed(bytes.substr(2 * third));
    return connection.text() == whole;
}

// A GET or HEAD without a body is not shown to llhttp, so what our rules accept it must accept too, with the same
// framing.
bool does_llhttp_agree(std::string_view bytes) {
    const http1::limits limits;
    http1::request_storage storage(limits);
    http1::protocol protocol(limits);
    std::string unread(bytes);
    const http1::event event = protocol.next(unread, storage);
    if (event.kind != http1::event_kind::head) return true;
    const std::string_view head = bytes.substr(0, event.consumed);
    http1::parser parser(limits);
    return !parser.check_head(head) && !parser.check_framing(storage.head);
}

// Takes the parts of a response from the input: a byte that says how long a piece is, and then that piece.
class script {
 public:
    explicit script(std::string_view rest) : rest_(rest) {}

    bool done() const { return rest_.empty(); }

    unsigned number() {
        if (rest_.empty()) return 0;
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return byte;
    }

    std::string_view piece() {
        const std::string_view taken = rest_.substr(0, number() % 32);
        rest_.remove_prefix(taken.size());
        return taken;
    }

 private:
    std::string_view rest_;
};

// The value of the field in a response head, or nothing.
std::optional<std::string> field_of(std::string_view head, std::string_view name) {
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(std::min(head.size(), line.size() + 2));
        if (line.starts_with(std::string(name) + ": ")) return std::string(line.substr(name.size() + 2));
    }
    return std::nullopt;
}

std::optional<std::string> unchunked(std::string_view wire) {
    std::string body;
    for (;;) {
        const std::size_t line_end = wire.find("\r\n");
        if (line_end == wire.npos) return std::nullopt;
        const std::size_t size = std::stoul(std::string(wire.substr(0, line_end)), nullptr, 16);
        wire.remove_prefix(line_end + 2);
        if (wire.size() < size + 2 || wire.substr(size, 2) != "\r\n") return std::nullopt;
        if (size == 0) return wire.size() == 2 ? std::optional(body) : std::nullopt;
        body += wire.substr(0, size);
        wire.remove_prefix(size + 2);
    }
}

// Only the lines that the server and the accepted fields make up are in the head: nothing in a field began another.
bool is_well_formed(std::string_view head, std::size_t most_lines) {
    std::size_t lines = 0;
    for (std::size_t i = 0; i < head.size(); ++i) {
        if (head[i] == '\n' && (i == 0 || head[i - 1] != '\r')) return false;
        if (head[i] == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return false;
        if (head[i] == '\0') return false;
        lines += head[i] == '\n';
    }
    return lines <= most_lines && head.find("\r\n\r\n") == head.size() - 4;
}

std::string broken_response_rule(script script) {
    constexpr std::string_view requests[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
                                             "GET / HTTP/1.0\r\n\r\n",
                                             "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"};
    const http1::limits limits;
    http1::request_storage storage(limits);
    http1::protocol protocol(limits);
    std::string request(requests[script.number() % std::size(requests)]);
    protocol.next(request, storage);

    http1::byte_buffer out;
    const int status = 200 + static_cast<int>(script.number());
    std::vector<header> fields(script.number() % 4);
    for (header& field : fields) {
        field.name = script.piece();
        field.value = script.piece();
    }
    try {
        protocol.start(status, fields, http1::server_fields(0), out);
    } catch (const asgi_error&) {
        protocol.error_response(500, "Internal Server Error", http1::server_fields(0), out);
        const bool clean = is_well_formed(out.ready().substr(0, out.ready().find("\r\n\r\n") + 4), 7);
        return clean ? "" : "an error response is well-formed after a refused start";
    }

    std::string wire;
    std::string sent;
    while (!protocol.response_complete()) {
        const std::string_view chunk = script.piece();
        const bool more_body = !script.done();
        try {
            const http1::uncopied rest = protocol.body(chunk, more_body, out);
            wire.append(out.ready()).append(rest.data).append(rest.suffix);
            out.consume(out.ready().size());
            sent += chunk;
        } catch (const asgi_error&) {
            return protocol.keep_alive() ? "a connection closes after a body of the wrong length" : "";
        }
    }

    const std::size_t head_size = wire.find("\r\n\r\n") + 4;
    const std::string head = wire.substr(0, head_size);
    const std::string body = wire.substr(head_size);
    if (!is_well_formed(head, fields.size() + 6)) return "a response head is well-formed";
    const auto length = field_of(head, "content-length");
    if (request.starts_with("HEAD") || status == 204 || status == 304)
        return body.empty() ? "" : "a response that has no body sends none";
    if (field_of(head, "transfer-encoding") == "chunked")
        return unchunked(body) == sent ? "" : "a chunked body carries what was sent";
    if (body != sent) return "a body is what was sent";
    if (!length) return protocol.keep_alive() ? "a body without framing ends with the connection" : "";
    return *length == std::to_string(body.size()) ? "" : "Content-Length is the length of the body";
}

}  // namespace

std::string broken_rule(std::string_view input) {
    if (!is_same_in_pieces(input, {})) return "bytes mean the same in one piece and in many";
    if (!is_same_in_pieces(input, tight)) return "bytes mean the same in one piece and in many, under tight limits";
    if (!does_llhttp_agree(input)) return "llhttp accepts every head that our rules accept";
    return broken_response_rule(script(input));
}

}  // namespace girin::testing
