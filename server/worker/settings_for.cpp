#include "server/worker/settings_for.hpp"

namespace girin::worker {

http1::limits limits_of(const config::settings& s) {
    http1::limits limits;
    limits.request_line = s.limit_request_line;
    limits.fields = s.limit_request_fields;
    limits.field_size = s.limit_request_field_size;
    limits.head_size = s.limit_request_head;
    limits.body_size = s.limit_request_body;
    limits.trailers_size = s.limit_trailers;
    limits.chunk_overhead = s.limit_chunk_extensions;
    return limits;
}

connection_options connection_options_of(const config::settings& s) {
    connection_options options;
    options.keep_alive = s.keep_alive;
    options.head_timeout = s.head_timeout;
    options.body_timeout = s.body_timeout;
    options.write_timeout = s.write_timeout;
    options.most_requests = s.keep_alive_requests;
    bool one_request = s.keep_alive == s.keep_alive.zero() || s.worker_class == config::worker_kind::sync;
    if (one_request) options.most_requests = 1;
    switch (s.cancel_on_disconnect) {
        case config::cancel_policy::safe:
            options.cancel_on_disconnect = connection_options::cancel::safe;
            break;
        case config::cancel_policy::always:
            options.cancel_on_disconnect = connection_options::cancel::always;
            break;
        case config::cancel_policy::never:
            options.cancel_on_disconnect = connection_options::cancel::never;
            break;
    }
    options.half_close = s.half_close;
    options.root_path = s.root_path;
    options.own_fields = {.date = s.date_header, .server = s.server_header};
    return options;
}

lifespan_use lifespan_use_of(const config::settings& s) {
    switch (s.lifespan) {
        case config::lifespan_mode::on:
            return lifespan_use::on;
        case config::lifespan_mode::off:
            return lifespan_use::off;
        case config::lifespan_mode::automatic:
            break;
    }
    return lifespan_use::automatic;
}

log::level log_level_of(const config::settings& s) {
    switch (s.loglevel) {
        case config::log_level::debug:
            return log::level::debug;
        case config::log_level::info:
            return log::level::info;
        case config::log_level::warning:
            return log::level::warning;
        case config::log_level::error:
            return log::level::error;
        case config::log_level::critical:
            break;
    }
    return log::level::critical;
}

}  // namespace girin::worker
