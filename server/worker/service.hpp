// What the connections of one worker share.
#pragma once

#include "server/http1/byte_buffer.hpp"
#include "server/http1/limits.hpp"
#include "server/http1/request_storage.hpp"
#include "server/http1/server_fields.hpp"
#include "server/supervision/scoreboard_writer.hpp"
#include "server/worker/buffer_pool.hpp"
#include "server/worker/object_pool.hpp"
#include "server/worker/refusal_log.hpp"

#include <girin/asgi.hpp>
#include <girin/executor.hpp>
#include <girin/future.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace girin::worker {

class access_log;
class connection;

// How connections behave; config::settings says what each one is for.
struct connection_options {
    std::chrono::milliseconds keep_alive{5'000};
    std::chrono::milliseconds head_timeout{15'000};
    std::chrono::milliseconds body_timeout{30'000};
    std::chrono::milliseconds write_timeout{30'000};
    std::uint32_t most_requests = 0;  // on one connection; 0: any number
    enum class cancel { safe, always, never } cancel_on_disconnect = cancel::safe;
    bool half_close = false;
    std::string root_path{};
    http1::server_fields::choice own_fields{};
};

// Pools whose large buffers hold what the limits let pass in one piece.
buffer_pools make_buffer_pools(const http1::limits& limits, std::size_t kept_small, std::size_t kept_large);

class service {
 public:
    service(application app, const connection_options& options, const http1::limits& limits);
    service(const service&) = delete;
    service& operator=(const service&) = delete;
    ~service();

    // Date and Server, as they are now.
    const http1::server_fields& own_fields();
    // Ends the idle connections soon and the others after their response.
    void drain();
    // Ends all connections and cancels their requests; they are gone when connections() is 0.
    void abort();

    std::size_t connections() const noexcept { return connection_count_; }
    // Done when the next connection ends.
    future<> next_end();
    std::function<void()> on_empty;  // the last connection has ended

    application app;
    const connection_options options;
    const http1::limits limits;
    bool draining = false;

    lifespan_state* state = nullptr;                       // null: lifespan is off
    executor* blocking = nullptr;                          // runs blocking handlers; null: the loop's default pool
    supervision::scoreboard_writer* scoreboard = nullptr;  // null: nobody watches
    access_log* access = nullptr;                          // null: no access log

    buffer_pools buffers;
    refusal_log refusals;
    object_pool<http1::request_storage> storage;
    object_pool<http1::byte_buffer> outputs;

 private:
    friend class connection;
    void joined(connection& c) noexcept;
    void left(connection& c) noexcept;

    connection* first_ = nullptr;
    std::vector<future<>> next_ends_;
    std::size_t connection_count_ = 0;
    http1::server_fields own_fields_;
};

}  // namespace girin::worker
