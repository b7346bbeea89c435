// What the http1 core makes of a client's bytes, as one line of text per event, however they are cut into pieces.
#pragma once

#include "server/http1/protocol.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace girin::testing {

// One connection that is fed piece by piece and answers every complete request with an empty 200. Each call of the core
// sees the unread bytes in an allocation of exactly their size, so that AddressSanitizer notices a byte read too far.
class http1_transcript {
 public:
    explicit http1_transcript(const http1::limits& limits = {}) : limits_(limits) {}

    void feed(std::string_view piece) {
        unread_ += piece;
        for (;;) {
            std::vector<char> bytes(unread_.begin(), unread_.end());
            const http1::event event = protocol_.next(bytes, storage_);
            record(event);
            // The names of a head are lower-case in the caller's bytes from now on.
            unread_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(event.consumed), bytes.end());
            if (event.kind == http1::event_kind::need_data || event.kind == http1::event_kind::failure ||
                event.kind == http1::event_kind::paused)
                return;
            if (event.kind == http1::event_kind::end) answer();
        }
    }

    // Begins anew with another client, and with what the last one left in the storage.
    void reconnect() {
        protocol_ = http1::protocol(limits_);
        unread_.clear();
        text_.clear();
        in_body_ = false;
    }

    // "GET /path 1.1 {host: a, accept: b} body(abc) end\n" for each request, "failure(400 reason)" where one is
    // refused.
    const std::string& text() const { return text_; }
    const std::string& unread() const { return unread_; }
    http1::protocol& protocol() { return protocol_; }

 private:
    void record(const http1::event& event) {
        using http1::event_kind;
        if (event.kind == event_kind::need_data) return;
        if (event.kind == event_kind::body && in_body_) {
            text_.insert(text_.size() - 2, event.body);
            return;
        }
        in_body_ = event.kind == event_kind::body;
        switch (event.kind) {
            case event_kind::head:
                record(storage_.head);
                break;
            case event_kind::body:
                text_.append("body(").append(event.body).append(") ");
                break;
            case event_kind::end:
                text_ += "end\n";
                break;
            case event_kind::failure:
                text_ += "failure(" + std::to_string(event.refused.status) + " " + event.refused.reason + ")";
                break;
            default:
                break;
        }
    }

    void record(const http1::request_head& head) {
        text_.append(head.method).append(" ").append(head.target).append(" ").append(head.http_version).append(" {");
        std::string_view separator;
        for (const header& field : head.headers) {
            text_.append(separator).append(field.name).append(": ").append(field.value);
            separator = ", ";
        }
        text_ += "} ";
    }

    void answer() {
        http1::byte_buffer out;
        protocol_.start(200, {}, http1::server_fields(0), out);
        protocol_.body("", false, out);
    }

    http1::limits limits_;
    http1::request_storage storage_{limits_};
    http1::protocol protocol_{limits_};
    std::string unread_;
    std::string text_;
    bool in_body_ = false;
};

inline std::string transcript_of(const std::vector<std::string_view>& pieces, const http1::limits& limits = {}) {
    http1_transcript connection(limits);
    for (const std::string_view piece : pieces) connection.feed(piece);
    return connection.text();
}

}  // namespace girin::testing
