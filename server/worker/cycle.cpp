#include "server/worker/cycle.hpp"

#include "aio/loop_core.hpp"
#include "aio/source_text.hpp"
#include "server/http1/status.hpp"
#include "server/log/escape.hpp"
#include "server/log/log.hpp"
#include "server/worker/access_log.hpp"
#include "server/worker/connection.hpp"
#include "server/worker/describe.hpp"
#include "server/worker/percent.hpp"
#include "server/worker/service.hpp"

#include <girin/exceptions.hpp>

#include <ctime>
#include <source_location>
#include <utility>

namespace girin::worker {

namespace {

// What the access log shows for a client that left before its response began: nginx's number.
constexpr int client_closed_request = 499;

// What a task sees of a client that left need not be told to anybody.
bool is_consequence_of_leaving(const std::exception_ptr& raised) {
    try {
        std::rethrow_exception(raised);
    } catch (const client_disconnected&) {
        return true;
    } catch (const cancelled_error&) {
        return true;
    } catch (...) {
        return false;
    }
}

coro<void> raise(std::exception_ptr raised) {
    std::rethrow_exception(raised);
    co_return;
}

bool is_safe(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

// All but the whole path.
scope scope_of(const connection& c) {
    const http1::request_head& head = c.head();
    scope s;
    s.http_version = head.http_version;
    s.method = head.method;
    s.raw_path = head.raw_path;
    s.path = head.raw_path;
    s.query_string = head.query_string;
    s.root_path = c.shared().options.root_path;
    s.headers = head.headers;
    s.client = c.client();
    s.server = c.local();
    s.state = c.shared().state;
    if (executor* blocking = c.blocking()) s.set_slot(*blocking);
    return s;
}

}  // namespace

cycle::cycle(connection& c)
    : connection_(c), scope_(scope_of(c)), started_(girin::detail::loop_core::running().turn_time()) {
    const service& shared = c.shared();
    const http1::request_head& head = c.head();
    const bool below_root = !scope_.root_path.empty() && head.raw_path.starts_with('/');
    if (head.may_be_encoded || below_root) {
        if (below_root) whole_path_ = scope_.root_path;
        scope_.path = whole_path_.append(percent_decoded(head.raw_path));
    }
    if (shared.scoreboard) scoreboard_entry_ = shared.scoreboard->request_began(head.method_and_target(), started_);
}

// What is called need not be a coroutine itself, and can so raise here or return nothing to run.
coro<void> cycle::call_application() {
    std::exception_ptr raised;
    try {
        coro<void> call = connection_.shared().app(scope_, *this, *this);
        if (call) return call;
        raised = std::make_exception_ptr(asgi_error("Expected a coroutine from the application, but got nothing."));
    } catch (...) {
        raised = std::current_exception();
    }
    return raise(raised);
}

void cycle::start() {
    girin::detail::ref<cycle> keep(this);
    start_now(call_application().release());
    first_step_ = false;
}

receiving cycle::receive() {
    if (suspended(input_wait_)) throw asgi_error("Expected one receive at a time, but another is waiting.");
    if (has_message()) return *std::exchange(message_, std::nullopt);
    if (!input_wait_) input_wait_.emplace(*this);
    return *input_wait_;
}

// ASGI: the content piece by piece, then http.disconnect once the response is complete or the client has left.
std::optional<receive_message> cycle::next_message() {
    if (ended_ || connection_.left() || connection_.protocol().response_complete()) return http_disconnect();
    if (content_ended_) return std::nullopt;
    const http1::event event = connection_.read_content();
    switch (event.kind) {
        case http1::event_kind::body:
            content_ended_ = connection_.protocol().unread_body() == 0;
            return http_request(event.body, !content_ended_);
        case http1::event_kind::end:
            content_ended_ = true;
            return http_request();
        case http1::event_kind::need_data:
            if (connection_.protocol().send_continue(connection_.output())) connection_.flush();
            return std::nullopt;
        default:
            refuse(event.refused);
            return http_disconnect();
    }
}

// There may be one of a wait that was cancelled when it had it.
bool cycle::has_message() {
    if (!message_) message_ = next_message();
    return message_.has_value();
}

receive_message cycle::input_wait::take() {
    receive_message message = *cycle_.message_;
    cycle_.message_.reset();
    return message;
}

void cycle::on_input() {
    if (!waits(input_wait_)) return;
    if (has_message() && waits(input_wait_)) input_wait_->wake();  // a refusal may have woken it
}

sending cycle::send(const send_message& message) {
    if (ended_ || connection_.left() || send_under_way()) refuse_send();
    if (const auto* start = message.as<http_response_start>()) return send_start(*start);
    if (const auto* body = message.as<http_response_body>()) return send_body(*body);
    refuse_message(message);
}

sending cycle::send_start(const http_response_start& start) {
    service& shared = connection_.shared();
    connection_.protocol().start(start.status, start.headers.fields(), shared.own_fields(), connection_.output());
    status_ = start.status;
    if (shared.access && shared.access->shows_response_fields()) keep_for_log(start);
    return {};
}

// The next three are rare, and not inline in what every response goes through.

void cycle::refuse_send() const {
    if (ended_ || connection_.left()) throw client_disconnected();
    throw asgi_error("Expected one send at a time, but another is under way.");
}

void cycle::refuse_message(const send_message& message) {
    throw asgi_error("Unexpected ASGI message '" + std::string(message.type()) + "' on an http connection.");
}

void cycle::keep_for_log(const http_response_start& start) {
    logged_start_ = std::make_unique<owned<http_response_start>>(start.own());
}

// A last body waits for the application to return or suspend, so that pipelined responses leave together; a piece that
// has more behind it is with the kernel when send returns.
sending cycle::send_body(const http_response_body& body) {
    const http1::uncopied rest = connection_.protocol().body(body.body, body.more_body, connection_.output());
    body_bytes_ += body.body.size();
    const bool held = first_step_ && !body.more_body && rest.empty();
    const bool written = held || write(rest);
    if (!body.more_body) on_input();  // a receive() that waits gets its http.disconnect
    if (written) return {};
    if (!output_wait_) output_wait_.emplace(*this);
    output_wait_->unsent = true;
    return *output_wait_;
}

// False: the kernel has not taken it all yet.
bool cycle::write(http1::uncopied rest) {
    if (connection_.protocol().response_ends_with_connection()) connection_.reset_at_end(true);
    bool written;
    try {
        written = connection_.write(rest);
    } catch (...) {  // there is no memory to wait with, and a part may have been sent
        connection_.tear();
        throw;
    }
    if (connection_.left()) throw client_disconnected();
    if (written) note_sent();
    return written;
}

bool cycle::output_wait::cancel(const std::string& message) {
    if (!waits()) return false;
    cycle_.connection_.tear();
    cycle_.on_input();  // a receive() that waits gets its http.disconnect
    return accept_cancel(message);
}

// Everything so far is with the kernel.
void cycle::note_sent() {
    if (connection_.protocol().response_complete() && !connection_.left()) connection_.reset_at_end(false);
}

void cycle::on_written() {
    note_sent();
    if (!output_wait_) return;
    output_wait_->unsent = false;
    if (output_wait_->waits()) output_wait_->wake();
}

void cycle::wake_waits() {
    on_input();
    on_written();
}

void cycle::client_left() {
    wake_waits();
    using cancel_when = connection_options::cancel;
    const cancel_when policy = connection_.shared().options.cancel_on_disconnect;
    if (policy == cancel_when::always || (policy == cancel_when::safe && is_safe(scope_.method)))
        cancel("the client has disconnected");
}

void cycle::abort() {
    wake_waits();
    cancel("the worker stops");
}

void cycle::refuse(http1::failure refused) {
    const bool complete = connection_.protocol().response_complete();
    connection_.protocol().close_after_response();
    if (complete || answer(refused.status, refused.reason))
        connection_.refuse();
    else
        connection_.tear();
    wake_waits();
}

bool cycle::answer(int status, std::string_view reason) {
    if (!connection_.answer(status, reason)) return false;
    status_ = status;
    body_bytes_ = reason.size();
    logged_start_.reset();
    return true;
}

// The application has returned or raised: see that the client gets an answer, and let the connection go on.
void cycle::collect() {
    std::exception_ptr raised;
    try {
        coro<void>::handle_type::from_address(root_.address()).promise().result.take();
    } catch (...) {
        raised = std::current_exception();
    }
    try {
        conclude(raised);
    } catch (...) {  // there is no memory for what is left to be said
        if (!connection_.protocol().response_complete()) connection_.tear();
    }
    ended_ = true;
    if (suspended(input_wait_) || send_under_way()) release_waits();
    connection_.cycle_ended();
}

void cycle::conclude(const std::exception_ptr& raised) {
    const service& shared = connection_.shared();
    if (shared.scoreboard) shared.scoreboard->request_ended(scoreboard_entry_);
    if (raised || !(connection_.protocol().response_complete() || connection_.left())) application_failed(raised);
    if (shared.access) log_access();
}

// Tasks that the application has left behind in receive() or send() learn that it is over, and find the cycle until
// they have run. What is still being sent belongs to one of them, or to the application, and so cannot be sent any
// more.
void cycle::release_waits() {
    if (output_wait_ && output_wait_->unsent) connection_.tear();
    wake_waits();
    (input_wait_ ? input_wait_->until_it_ran : output_wait_->until_it_ran).keep(*this);
}

void cycle::keeper::keep(cycle& c) {
    kept_ = girin::detail::ref<cycle>(&c);
    girin::detail::loop_core::running().ready.push_back(*this);
}

// It has raised, or not completed its response to a client that is still there.
void cycle::application_failed(const std::exception_ptr& raised) {
    std::string problem;
    if (raised) {
        if (connection_.left() && is_consequence_of_leaving(raised)) return;
        problem = "Exception in ASGI application: " + describe(raised);
    } else {
        problem = status_ == 0 ? "ASGI callable returned without starting response."
                               : "ASGI callable returned without completing response.";
    }
    problem += " (" + log::escaped(scope_.method) + " " + log::escaped(connection_.head().target) + ")";
    const std::source_location origin = girin::detail::loop_core::running().raising.origin_of(raised);
    if (origin.line() != 0) problem += ", raised " + girin::detail::place_text(origin);
    log::error(problem);
    if (connection_.protocol().response_complete() || connection_.left()) return;
    if (!answer(500, "Internal Server Error")) connection_.tear();
}

void cycle::log_access() {
    const service& shared = connection_.shared();
    const http1::request_head& head = connection_.head();
    log::access_record record;
    if (scope_.client) record.remote_address = scope_.client->host;
    record.method = head.method;
    record.target = head.target;
    record.path = head.raw_path;
    record.query = head.query_string;
    record.protocol = head.is_http10() ? "HTTP/1.0" : "HTTP/1.1";
    record.request_headers = head.headers;
    if (logged_start_) record.response_headers = (*logged_start_)->headers.fields();
    record.status = status_ == 0 ? client_closed_request : status_;
    record.body_bytes = head.method == "HEAD" || !http1::may_have_body(status_) ? 0 : body_bytes_;
    record.duration = girin::detail::loop_core::running().time() - started_;
    record.finished = std::time(nullptr);
    shared.access->add(record);
}

}  // namespace girin::worker
