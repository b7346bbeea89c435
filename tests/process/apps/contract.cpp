// Raw ASGI: one path for each way to break the contract or to strain the transport. What happens inside is noted in the
// file "notes" of the current folder, one line of text and monotonic seconds each.
#include <girin/asgi.hpp>
#include <girin/exceptions.hpp>
#include <girin/export_app.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;
using girin::coro;
using girin::http_response_body;
using girin::http_response_start;
using girin::receiver;
using girin::scope;
using girin::sender;

void note(std::string_view what) {
    const std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
    std::ofstream notes("notes", std::ios::app);
    notes.precision(9);
    notes << std::fixed << what << ' ' << now.count() << '\n';
}

// Awaits something that the server must refuse, and answers with what it says.
template <class Wrong>
coro<void> answer_refusal(sender& send, Wrong wrong) {
    std::string refusal = "it was not refused";
    try {
        co_await wrong();
    } catch (const girin::asgi_error& e) {
        refusal = e.what();
    }
    co_await send(http_response_start(200));
    co_await send(http_response_body(refusal));
}

coro<void> body_first(const scope&, receiver&, sender& send) {
    co_await answer_refusal(send, [&] { return send(http_response_body("too early")); });
}

coro<void> unknown_status(const scope&, receiver&, sender& send) {
    co_await answer_refusal(send, [&] { return send(http_response_start(99)); });
}

coro<void> line_break(const scope&, receiver&, sender& send) {
    co_await answer_refusal(send,
                            [&] { return send(http_response_start(200).header("x", "a\r\nset-cookie: stolen=1")); });
}

coro<void> wrong_protocol(const scope&, receiver&, sender& send) {
    co_await answer_refusal(send, [&] { return send(girin::websocket_accept()); });
}

coro<void> start_twice(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200));
    co_await send(http_response_start(201));
}

coro<void> too_short(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200).header("content-length", "10"));
    co_await send(http_response_body("short"));
}

coro<void> nothing(const scope&, receiver&, sender&) {
    co_return;
}

// Blocks its loop for longer than debug mode lets pass.
coro<void> hogs(const scope&, receiver&, sender& send) {
    co_await girin::sleep(1ms);
    std::this_thread::sleep_for(150ms);
    co_await send(http_response_start(200));
    co_await send(http_response_body("at last"));
}

coro<void> no_end(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200));
    co_await send(http_response_body("half of it", true));
}

coro<void> throw_before(const scope&, receiver&, sender&) {
    throw std::runtime_error("before the response");
    co_return;
}

coro<void> throw_with_head_held(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200));
    throw std::runtime_error("after the start");
}

coro<void> throw_during(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200));
    co_await send(http_response_body("half of it", true));
    throw std::runtime_error("during the response");
}

coro<void> throw_after(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200));
    co_await send(http_response_body("all of it"));
    throw std::runtime_error("after the response");
}

coro<void> throw_something(const scope&, receiver&, sender&) {
    throw 42;
    co_return;
}

// As many MiB as the query says, and a note for each of them.
coro<void> big(const scope& s, receiver&, sender& send) {
    const std::string chunk(64 << 10, 'x');
    const int mebibytes = std::stoi(std::string(s.query_string));
    co_await send(http_response_start(200));
    for (int sent = 0; sent < mebibytes; ++sent) {
        for (int i = 0; i < 16; ++i) co_await send(http_response_body(chunk, true));
        note("sent");
    }
    co_await send(http_response_body());
    note("complete");
}

// Waits for the client to leave.
coro<void> until_it_leaves(const scope& s, receiver& receive, sender& send) {
    note("waits");
    try {
        while (!(co_await receive()).as<girin::http_disconnect>()) {
        }
    } catch (const girin::cancelled_error&) {
        note("cancelled");
        throw;
    }
    note("left");
    if (s.method != "POST") co_return;
    try {
        co_await send(http_response_start(200));
        note("send did not raise");
    } catch (const girin::client_disconnected&) {
        note("send raised");
    }
}

// Sleeps, and notes when it is interrupted.
coro<void> sleeps(const scope&, receiver&, sender& send) {
    note("waits");
    try {
        co_await girin::sleep(1h);
    } catch (const girin::cancelled_error&) {
        note("cancelled");
        throw;
    }
    co_await send(http_response_start(500));
}

// Reads the body and answers with its length.
coro<void> length(const scope&, receiver& receive, sender& send) {
    std::uint64_t size = 0;
    for (bool more = true; more;) {
        const auto message = co_await receive();
        const auto* request = message.as<girin::http_request>();
        if (!request) {
            note("left");
            co_return;
        }
        size += request->body.size();
        more = request->more_body;
    }
    const std::string text = std::to_string(size);
    co_await send(http_response_start(200));
    co_await send(http_response_body(text));
}

// The request's fields, as the application sees them.
coro<void> fields(const scope& s, receiver&, sender& send) {
    std::string text;
    for (const girin::header& field : s.headers) text.append(field.name).append("=").append(field.value).append("\n");
    text.append("root_path=").append(s.root_path).append("\n");
    co_await send(http_response_start(200));
    co_await send(http_response_body(text));
}

const std::map<std::string_view, coro<void> (*)(const scope&, receiver&, sender&)> paths{
    {"/body-first", body_first},
    {"/unknown-status", unknown_status},
    {"/line-break", line_break},
    {"/wrong-protocol", wrong_protocol},
    {"/start-twice", start_twice},
    {"/too-short", too_short},
    {"/nothing", nothing},
    {"/hogs", hogs},
    {"/no-end", no_end},
    {"/throw-before", throw_before},
    {"/throw-with-head-held", throw_with_head_held},
    {"/throw-during", throw_during},
    {"/throw-after", throw_after},
    {"/throw-something", throw_something},
    {"/big", big},
    {"/until-it-leaves", until_it_leaves},
    {"/sleeps", sleeps},
    {"/length", length},
    {"/fields", fields},
};

coro<void> contract(const scope& s, receiver& receive, sender& send) {
    if (s.type != girin::scope_type::http) throw std::logic_error("this application has no lifespan");
    co_await paths.at(s.path.substr(s.root_path.size()))(s, receive, send);
}

girin::application make_app() {
    return contract;
}

}  // namespace

GIRIN_APP(make_app)
