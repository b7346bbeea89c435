// Every setting of the server with its default: plain values, validated before anybody sees them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace girin::config {

// Where to listen: a TCP host and port, or a UNIX-domain socket when `path` is not empty.
struct bind_address {
    std::string host;        // a name, an IPv4 address or an IPv6 address without brackets
    std::uint16_t port = 0;  // 0 lets the kernel choose
    std::string path;

    bool operator==(const bind_address&) const = default;
};

enum class worker_kind { async, sync, threads };
enum class lifespan_mode { automatic, on, off };
enum class cancel_policy { safe, always, never };  // safe: GET, HEAD and OPTIONS
enum class log_level { debug, info, warning, error, critical };
enum class file_mode : std::uint32_t {};  // permission bits, as chmod(2) has them

// What each field is called outside, its bounds and its help are in definitions.cpp, in the same order.
struct settings {
    std::string application;  // path of the shared object; empty when the application is linked in
    std::string chdir;        // folder to change to before the application is loaded; empty stays
    std::string root_path;    // ASGI root_path: empty, or begins with a slash and does not end with one
    lifespan_mode lifespan = lifespan_mode::automatic;  // automatic: who refuses lifespan is served without

    std::vector<bind_address> bind{{"127.0.0.1", 8000, {}}};  // never empty
    std::uint32_t backlog = 2048;
    std::optional<file_mode> umask;  // what a unix socket is created without; nothing: as this process creates files

    std::uint32_t workers = 1;
    worker_kind worker_class = worker_kind::async;
    std::uint32_t threads = 8;                // async: threads of the handler pool; threads: threads that do I/O
    std::uint32_t pool_queue = 256;           // handler calls that may wait for a pool thread; one more gets 503
    std::uint32_t worker_connections = 1000;  // open connections per worker (async and threads)

    std::chrono::milliseconds timeout{30'000};           // age of the heartbeat at which a worker is killed; 0: never
    std::chrono::milliseconds boot_timeout{60'000};      // from start to ready
    std::chrono::milliseconds graceful_timeout{30'000};  // from TERM or reload to kill
    std::chrono::milliseconds keep_alive{5'000};         // idle between requests; 0: one request per connection
    std::chrono::milliseconds head_timeout{15'000};      // from first to last byte of a request head
    std::chrono::milliseconds body_timeout{
        30'000};  // between two pieces of a request body, and for all that nobody reads of it
    std::chrono::milliseconds write_timeout{30'000};  // while the client takes no byte of what waits for it

    std::uint32_t keep_alive_requests = 0;            // requests on one connection; 0: any number
    std::uint64_t limit_request_line = 8190;          // bytes, without the line end
    std::uint32_t limit_request_fields = 100;         // header fields, and as many trailer fields
    std::uint64_t limit_request_field_size = 8190;    // bytes of one field line
    std::uint64_t limit_request_head = 64 << 10;      // bytes of request line and header fields together
    std::uint64_t limit_request_body = 1ULL << 30;    // bytes, after chunks are taken apart
    std::uint64_t limit_chunk_extensions = 16 << 10;  // bytes of all chunk extensions in one body
    std::uint64_t limit_trailers = 8190;              // bytes of the trailer section

    cancel_policy cancel_on_disconnect = cancel_policy::safe;  // whose task is cancelled when the client leaves
    bool half_close = false;                                   // true: a client that sent FIN is still served
    bool server_header = true;
    bool date_header = true;

    std::string accesslog;  // a file, "-" for standard output, empty for none
    std::string access_log_format = R"f(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")f";
    std::string errorlog = "-";  // a file, "-" for standard error
    log_level loglevel = log_level::info;

    bool operator==(const settings&) const = default;
};

}  // namespace girin::config
