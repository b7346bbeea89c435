#include "server/worker/service.hpp"

#include "server/worker/connection.hpp"

#include <algorithm>
#include <utility>

namespace girin::worker {

namespace {

constexpr std::size_t small_buffer = 4'096;
constexpr std::size_t large_buffer = 65'536;
constexpr std::size_t line_ends =
    4;  // one before a head, and one behind the last byte that decides whether it is too long
constexpr std::size_t kept_small_buffers = 64;
constexpr std::size_t kept_large_buffers = 16;
constexpr std::size_t kept_objects = 64;

}  // namespace

buffer_pools make_buffer_pools(const http1::limits& limits, std::size_t kept_small, std::size_t kept_large) {
    const std::size_t large = std::max({large_buffer, limits.head_size + line_ends, limits.trailers_size + line_ends});
    return {{small_buffer, kept_small}, {large, kept_large}};
}

service::service(application a, const connection_options& o, const http1::limits& l)
    : app(std::move(a)),
      options(o),
      limits(l),
      buffers(make_buffer_pools(l, kept_small_buffers, kept_large_buffers)),
      storage([this] { return std::make_unique<http1::request_storage>(limits); }, kept_objects),
      outputs([] { return std::make_unique<http1::byte_buffer>(); }, kept_objects),
      own_fields_(std::time(nullptr), o.own_fields) {}

service::~service() = default;

const http1::server_fields& service::own_fields() {
    own_fields_.set_time(std::time(nullptr));
    return own_fields_;
}

void service::joined(connection& c) noexcept {
    c.next_ = first_;
    c.link_ = &first_;
    if (first_) first_->link_ = &c.next_;
    first_ = &c;
    ++connection_count_;
    if (scoreboard) scoreboard->connection_opened();
}

future<> service::next_end() {
    return next_ends_.emplace_back(create_future());
}

void service::left(connection& c) noexcept {
    *c.link_ = c.next_;
    if (c.next_) c.next_->link_ = c.link_;
    --connection_count_;
    if (scoreboard) scoreboard->connection_closed();
    for (future<>& waiting : std::exchange(next_ends_, {}))
        if (!waiting.done()) waiting.set_result();
    if (connection_count_ == 0 && on_empty) on_empty();
}

void service::drain() {
    draining = true;
    for (connection* c = first_; c; c = c->next_) c->drain();
}

void service::abort() {
    draining = true;
    for (connection* c = first_; c; c = c->next_) c->abort();
}

}  // namespace girin::worker
