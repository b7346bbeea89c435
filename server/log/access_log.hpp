// The access log: Gunicorn's format string with its atoms, and a line for every request.
#pragma once

#include <girin/headers.hpp>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace girin::log {

inline constexpr std::string_view default_access_log_format =
    R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")";

// One finished request. Everything is a view that has to live only until `append` returns.
struct access_record {
    std::string_view remote_address{};  // without the port; empty for a unix peer
    std::string_view method{};
    std::string_view target{};    // as it stood in the request line
    std::string_view path{};      // of the target
    std::string_view query{};     // of the target, without the question mark
    std::string_view protocol{};  // "HTTP/1.1"
    headers_view request_headers{};
    headers_view response_headers{};
    int status = 0;
    std::uint64_t body_bytes = 0;  // of the response's body, as sent
    std::chrono::nanoseconds duration{};
    std::time_t finished = 0;  // seconds of the wall clock
};

// A format, prepared once. It caches the text of the current second, so every thread has its own.
class access_log_format {
 public:
    // Reads Gunicorn's format: `%(x)s` for the atoms h l u t r m U q H s B b f a T M D L p, `%({Header}i)s` and
    // `%({Header}o)s` for a request's and a response's field, `%({NAME}e)s` for an environment variable (looked up
    // now),
    // `%%` for a percent sign. Throws std::invalid_argument that names the atom that it does not know.
    explicit access_log_format(std::string_view pattern = default_access_log_format);

    // Appends one line with its line feed. What is missing is `-`; bytes of the client are escaped.
    void append(std::string& out, const access_record& record);

    // Whether a line shows fields of the response, so that they have to be kept until it is written.
    bool shows_response_fields() const;

 private:
    enum class atom {
        literal,
        remote_address,
        user,
        time,
        request_line,
        method,
        path,
        query,
        protocol,
        status,
        bytes,
        bytes_or_dash,
        seconds,
        milliseconds,
        microseconds,
        decimal_seconds,
        pid,
        request_header,
        response_header
    };
    struct item {
        atom what = atom::literal;
        std::string text;  // the literal, or the field's name
    };

    static item item_named(std::string_view name);
    void append_item(std::string& out, const item& item, const access_record& record);
    void append_time(std::string& out, std::time_t now);

    std::vector<item> items_;
    std::time_t cached_second_ = -1;
    std::string cached_time_;
};

}  // namespace girin::log
