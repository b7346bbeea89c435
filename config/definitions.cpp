// The one table of settings, and of the flags that are none.
#include "config/definition.hpp"

#include <algorithm>

namespace girin::config {
namespace {

using namespace std::chrono_literals;

constexpr bounds between(std::uint64_t least, std::uint64_t most) {
    return {least, most};
}

constexpr bounds between(std::chrono::milliseconds least, std::chrono::milliseconds most) {
    return {static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count())};
}

constexpr bounds zero_or(bounds others) {
    others.or_zero = true;
    return others;
}

constexpr std::uint64_t kilobytes = 1 << 10;
constexpr std::uint64_t terabytes = 1ULL << 40;

constexpr text_rule mount_path{
    [](std::string_view text) { return text.empty() || (text.front() == '/' && text.back() != '/'); },
    "a path such as /shop, with a slash before it and none after it"};
constexpr text_rule not_empty{[](std::string_view text) { return !text.empty(); }, "a text that is not empty"};

constexpr definition table[] = {
    {.name = "application",
     .section = "Application",
     .field = &settings::application,
     .help = "Shared object to serve, such as ./libshop.so; not needed where the application is linked in.",
     .metavar = "APPLICATION"},
    {.name = "chdir",
     .flags = {"--chdir"},
     .section = "Application",
     .field = &settings::chdir,
     .help = "Folder to change to before the application is loaded.",
     .metavar = "DIR"},
    {.name = "root_path",
     .flags = {"--root-path"},
     .section = "Application",
     .field = &settings::root_path,
     .help = "Path under which a proxy serves the application, such as /shop (ASGI's root_path), when the proxy takes "
             "it off the requests that it passes on.",
     .rule = mount_path,
     .metavar = "PATH"},
    {.name = "lifespan",
     .flags = {"--lifespan"},
     .section = "Application",
     .field = &settings::lifespan,
     .help = "Whether the application is told of start-up and shut-down; auto serves one that refuses without."},

    {.name = "bind",
     .flags = {"-b", "--bind"},
     .section = "Listening",
     .field = &settings::bind,
     .help = "Where to listen: HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH; again, or with commas, for several. "
             "With PORT in the environment the default is 0.0.0.0:$PORT.",
     .fallback = {"PORT", "0.0.0.0:"}},
    {.name = "backlog",
     .flags = {"--backlog"},
     .section = "Listening",
     .field = &settings::backlog,
     .help = "Connections that the kernel keeps waiting to be accepted.",
     .bounds = between(1, 65535)},
    {.name = "umask",
     .flags = {"--umask"},
     .section = "Listening",
     .field = &settings::umask,
     .help =
         "Permissions that a unix socket is created without, in octal; empty means those that the server itself was "
         "started without."},

    {.name = "workers",
     .flags = {"-w", "--workers"},
     .section = "Workers",
     .field = &settings::workers,
     .help = "Worker processes. With WEB_CONCURRENCY in the environment that is the default.",
     .bounds = between(1, 1024),
     .fallback = {"WEB_CONCURRENCY", ""}},
    {.name = "worker_class",
     .flags = {"-k", "--worker-class"},
     .section = "Workers",
     .field = &settings::worker_class,
     .help = "async: an event loop and a pool for blocking handlers; sync: one connection at a time; threads: "
             "blocking threads with keep-alive."},
    {.name = "threads",
     .flags = {"--threads"},
     .section = "Workers",
     .field = &settings::threads,
     .help = "Threads of each worker: of its handler pool (async) or for its connections (threads).",
     .bounds = between(1, 1024)},
    {.name = "pool_queue",
     .flags = {"--pool-queue"},
     .section = "Workers",
     .field = &settings::pool_queue,
     .help = "Blocking handler calls that may wait for a thread; beyond it a request is answered 503.",
     .bounds = between(0, 1'000'000)},
    {.name = "worker_connections",
     .flags = {"--worker-connections"},
     .section = "Workers",
     .field = &settings::worker_connections,
     .help = "Open connections that each worker holds at most (async and threads).",
     .bounds = between(1, 1'000'000)},

    {.name = "timeout",
     .flags = {"-t", "--timeout"},
     .section = "Time limits",
     .field = &settings::timeout,
     .help = "A worker whose event loop is stuck for this long is killed and replaced; 0 for never.",
     .bounds = zero_or(between(500ms, 24h))},
    {.name = "boot_timeout",
     .flags = {"--boot-timeout"},
     .section = "Time limits",
     .field = &settings::boot_timeout,
     .help = "A worker that is not ready this long after its start is killed.",
     .bounds = between(1ms, 24h)},
    {.name = "graceful_timeout",
     .flags = {"--graceful-timeout"},
     .section = "Time limits",
     .field = &settings::graceful_timeout,
     .help = "Time that workers have to finish their requests on TERM or reload.",
     .bounds = between(0ms, 24h)},
    {.name = "keep_alive",
     .flags = {"--keep-alive"},
     .section = "Time limits",
     .field = &settings::keep_alive,
     .help = "Time that an idle connection waits for its next request; 0 closes after every response.",
     .bounds = between(0ms, 24h)},
    {.name = "head_timeout",
     .flags = {"--head-timeout"},
     .section = "Time limits",
     .field = &settings::head_timeout,
     .help = "Time that a client has to send a whole request head; with threads, also to wait for a free one.",
     .bounds = between(1ms, 24h)},
    {.name = "body_timeout",
     .flags = {"--body-timeout"},
     .section = "Time limits",
     .field = &settings::body_timeout,
     .help = "Time that a client may pause within a request body, and has for all that the application leaves of one.",
     .bounds = between(1ms, 24h)},
    {.name = "write_timeout",
     .flags = {"--write-timeout"},
     .section = "Time limits",
     .field = &settings::write_timeout,
     .help = "Time that a client may go without reading anything of a response that waits for it.",
     .bounds = between(1ms, 24h)},

    {.name = "keep_alive_requests",
     .flags = {"--keep-alive-requests"},
     .section = "Request limits",
     .field = &settings::keep_alive_requests,
     .help = "Requests that one connection may carry; 0 for any number.",
     .bounds = between(0, UINT32_MAX)},
    {.name = "limit_request_line",
     .flags = {"--limit-request-line"},
     .section = "Request limits",
     .field = &settings::limit_request_line,
     .help = "Size of a request line.",
     .bounds = between(64, 64 * kilobytes)},
    {.name = "limit_request_fields",
     .flags = {"--limit-request-fields"},
     .section = "Request limits",
     .field = &settings::limit_request_fields,
     .help = "Number of header fields.",
     .bounds = between(1, 32768)},
    {.name = "limit_request_field_size",
     .flags = {"--limit-request-field-size"},
     .section = "Request limits",
     .field = &settings::limit_request_field_size,
     .help = "Size of one header field.",
     .bounds = between(64, 64 * kilobytes)},
    {.name = "limit_request_head",
     .flags = {"--limit-request-head"},
     .section = "Request limits",
     .field = &settings::limit_request_head,
     .help = "Size of request line and header fields together.",
     .bounds = between(256, 1024 * kilobytes)},
    {.name = "limit_request_body",
     .flags = {"--limit-request-body"},
     .section = "Request limits",
     .field = &settings::limit_request_body,
     .help = "Size of a request body.",
     .bounds = between(1, 1024 * terabytes)},
    {.name = "limit_chunk_extensions",
     .flags = {"--limit-chunk-extensions"},
     .section = "Request limits",
     .field = &settings::limit_chunk_extensions,
     .help = "Size of all chunk extensions in one request body.",
     .bounds = between(0, 1024 * kilobytes)},
    {.name = "limit_trailers",
     .flags = {"--limit-trailers"},
     .section = "Request limits",
     .field = &settings::limit_trailers,
     .help = "Size of the trailer section after a chunked request body.",
     .bounds = between(0, 1024 * kilobytes)},

    {.name = "cancel_on_disconnect",
     .flags = {"--cancel-on-disconnect"},
     .section = "HTTP",
     .field = &settings::cancel_on_disconnect,
     .help = "Requests whose handler is cancelled when the client leaves; safe means GET, HEAD and OPTIONS."},
    {.name = "half_close",
     .flags = {"--half-close"},
     .section = "HTTP",
     .field = &settings::half_close,
     .help = "Go on serving a client that has shut down its sending side, instead of taking it as gone."},
    {.name = "server_header",
     .flags = {"--server-header"},
     .section = "HTTP",
     .field = &settings::server_header,
     .help = "Send a Server header."},
    {.name = "date_header",
     .flags = {"--date-header"},
     .section = "HTTP",
     .field = &settings::date_header,
     .help = "Send a Date header."},

    {.name = "accesslog",
     .flags = {"--access-logfile"},
     .section = "Logging",
     .field = &settings::accesslog,
     .help = "File of the access log; - is standard output, empty means none.",
     .metavar = "FILE"},
    {.name = "access_log_format",
     .flags = {"--access-logformat"},
     .section = "Logging",
     .field = &settings::access_log_format,
     .help = "Line of the access log, in Gunicorn's atoms.",
     .rule = not_empty,
     .metavar = "FORMAT"},
    {.name = "errorlog",
     .flags = {"--error-logfile", "--log-file"},
     .section = "Logging",
     .field = &settings::errorlog,
     .help = "File of the error log; - is standard error.",
     .rule = not_empty,
     .metavar = "FILE"},
    {.name = "loglevel",
     .flags = {"--log-level"},
     .section = "Logging",
     .field = &settings::loglevel,
     .help = "Least severe messages that the error log takes."},
};

constexpr command command_table[] = {
    {{"-c", "--config"}, action::serve, "FILE", "Settings file: JSON with comments."},
    {{"--check-config"}, action::check_config, "", "Check the settings, load the application, and leave."},
    {{"--print-config"}, action::print_config, "", "Print every setting and where its value comes from, and leave."},
    {{"-v", "--version"}, action::version, "", "Print the version and leave."},
    {{"-h", "--help"}, action::help, "", "Print this and leave."},
};

}  // namespace

std::span<const command> commands() {
    return command_table;
}

std::span<const definition> definitions() {
    return table;
}

const definition* find_definition(std::string_view name) {
    const auto found = std::ranges::find(table, name, &definition::name);
    return found == std::end(table) ? nullptr : found;
}

std::string environment_name(std::string_view name) {
    std::string result = "GIRIN_";
    for (const char c : name) result += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return result;
}

}  // namespace girin::config
