#include "server/http1/request_reader.hpp"

#include "server/http1/request_fields.hpp"
#include "server/http1/request_line.hpp"

#include <algorithm>

namespace girin::http1 {
namespace {

// Parsers disagree about where a request ends, and that is what smuggling lives on, so llhttp has to agree with our
// rules wherever there is a length to agree on. A GET or HEAD without one ends with its head; llhttp costs as much as
// all our rules together, and the fuzzer shows that it accepts what they accept.
bool needs_second_opinion(const request_head& request) {
    return request.chunked || request.content_length || (request.method != "GET" && request.method != "HEAD");
}

}  // namespace

event request_reader::next(std::span<char> unread, request_storage& storage) {
    const std::string_view text(unread.data(), unread.size());
    switch (state_) {
        case state::head:
            return read_head(unread, storage);
        case state::counted_body:
            return read_counted(text);
        case state::chunks:
            return read_chunks(text, storage);
        case state::trailers:
            return read_trailers(text, storage);
        case state::ending:
            state_ = state::complete;
            return {event_kind::end};
        case state::complete:
        case state::failed:
            break;
    }
    return {event_kind::paused};
}

event request_reader::read_head(std::span<char> unread, request_storage& storage) {
    // One empty line before a request is let pass (RFC 9112 section 2.2).
    std::size_t skipped = 0;
    if (!blank_line_skipped_ && unread.size() >= 2 && unread[0] == '\r' && unread[1] == '\n') {
        blank_line_skipped_ = true;
        skipped = 2;
        unread = unread.subspan(skipped);
    }
    if (failure refused = guard_.scan({unread.data(), unread.size()}, *limits_, storage.lines.get()))
        return fail(refused);
    const std::size_t size = guard_.size();
    if (size == 0) return {event_kind::need_data, skipped};
    if (failure refused = check_head(unread.first(size), storage)) return fail(refused);
    return {event_kind::head, skipped + size};
}

failure request_reader::check_head(std::span<char> head, request_storage& storage) {
    const std::string_view text(head.data(), head.size());
    const std::span<const text_line> lines(storage.lines.get(), guard_.line_count());
    request_head& request = storage.head;
    std::string_view authority;
    if (failure refused = read_request_line(text.substr(0, lines[0].size), request, authority)) return refused;
    if (failure refused = read_request_fields(head, lines.subspan(1), authority, *limits_, storage)) return refused;
    if (needs_second_opinion(request)) {
        if (failure refused = storage.parsed.check_head(text)) return refused;
        if (failure refused = storage.parsed.check_framing(request)) return refused;
    }
    remaining_ = request.content_length.value_or(0);
    if (remaining_ > limits_->body_size) return {413, "Request body too large"};
    state_ = request.chunked ? state::chunks : remaining_ != 0 ? state::counted_body : state::ending;
    return {};
}

event request_reader::read_counted(std::string_view unread) {
    if (unread.empty()) return {event_kind::need_data};
    const std::string_view piece = unread.substr(0, std::min<std::uint64_t>(remaining_, unread.size()));
    remaining_ -= piece.size();
    if (remaining_ == 0) state_ = state::ending;
    return {event_kind::body, piece.size(), piece};
}

event request_reader::read_chunks(std::string_view unread, request_storage& storage) {
    if (unread.empty()) return {event_kind::need_data};
    const parser::chunk chunk = storage.parsed.read_chunks(unread);
    if (chunk.refused) return fail(chunk.refused);
    if (!chunk.data.empty()) return {event_kind::body, chunk.consumed, chunk.data};
    if (!chunk.last) return {event_kind::need_data, chunk.consumed};
    state_ = state::trailers;
    guard_ = line_guard(line_guard::section::trailers);
    event rest = read_trailers(unread.substr(chunk.consumed), storage);
    rest.consumed += chunk.consumed;
    return rest;
}

event request_reader::read_trailers(std::string_view unread, request_storage& storage) {
    if (failure refused = guard_.scan(unread, *limits_, storage.lines.get())) return fail(refused);
    const std::size_t size = guard_.size();
    if (size == 0) return {event_kind::need_data};
    const std::string_view section = unread.substr(0, size);
    if (failure refused = storage.parsed.check_trailers(section)) return fail(refused);
    if (failure refused = check_trailer_names(section, {storage.lines.get(), guard_.line_count()}))
        return fail(refused);
    state_ = state::complete;
    return {event_kind::end, size};
}

event request_reader::fail(failure refused) {
    state_ = state::failed;
    return {.kind = event_kind::failure, .refused = refused};
}

std::uint64_t request_reader::unread_body() const {
    switch (state_) {
        case state::counted_body:
            return remaining_;
        case state::chunks:
        case state::trailers:
            return std::numeric_limits<std::uint64_t>::max();
        default:
            return 0;
    }
}

}  // namespace girin::http1
