// An in-memory client for tests: runs any application, with its lifespan, on a loop of virtual time and without a
// socket.
#pragma once

#include <girin/application.hpp>
#include <girin/export.hpp>
#include <girin/request.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace girin {

class loop;

// A request to be sent, put together: test_request("PUT", "/notes/7").header("x-user", "ada").body("text").
class GIRIN_EXPORT test_request {
 public:
    // The target is a path, percent-encoded, and a query.
    test_request(std::string_view m, std::string_view t) : method(m), target(t) {}

    test_request& header(std::string_view name, std::string_view value);
    // Comes as one message, with a Content-Length.
    test_request& body(std::string whole);
    // Comes as one message after the other, with Transfer-Encoding: chunked.
    test_request& chunks(std::vector<std::string> parts);
    // Makes the client leave when the request has run that long. The application's send() then raises
    // client_disconnected, its receive() yields http.disconnect, and its task is cancelled if the method is GET, HEAD
    // or OPTIONS.
    test_request& leave_after(std::chrono::nanoseconds time);

    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::string> parts;
    std::optional<std::chrono::nanoseconds> leaving;
};

// What came back.
struct GIRIN_EXPORT test_response {
    int status = 0;                                            // 0: the client left before there was a response
    std::vector<std::pair<std::string, std::string>> headers;  // in the order they were sent
    std::string body;                                          // of HEAD always empty
    std::vector<std::string> chunks;                           // the body by its messages, without empty ones
    bool complete = false;                                     // whether the body came to its end

    // The value of the first field of that name, in any case; or nothing.
    std::optional<std::string_view> header(std::string_view name) const;
    // The body as a JSON document, or as a T made from one; needs <girin/json.hpp>.
    template <class T = void>
    typename detail::json_reader<T>::value_type json() const {
        return detail::json_reader<T>::read(body);
    }
};

struct test_client_options {
    // Raise what comes out of the application. Else it is answered 500, as a server does it.
    bool raise_exceptions = true;
    // Where the application is mounted; targets include it.
    // NOLINTNEXTLINE(readability-redundant-string-init): without it a designated initializer that skips it is a warning
    std::string_view root_path = "";
    std::string_view client_host = "testclient";
    std::uint16_t client_port = 50'000;
};

// Starts the lifespan when it is made and ends it when it is destroyed, raising what fails there; an application that
// raises on a lifespan scope has none. It holds the application to the contract: a message that may not come now is an
// asgi_error out of send(), and so, out of the client, is a response that was not completed. Between calls nothing
// runs. What would wait forever is a std::logic_error.
class GIRIN_EXPORT test_client {
 public:
    explicit test_client(application app, const test_client_options& options = {});
    test_client(const test_client&) = delete;
    test_client& operator=(const test_client&) = delete;
    ~test_client() noexcept(false);

    test_response get(std::string_view target) { return send(test_request("GET", target)); }
    test_response head(std::string_view target) { return send(test_request("HEAD", target)); }
    // NOLINTNEXTLINE(readability-identifier-naming)
    test_response delete_(std::string_view target) { return send(test_request("DELETE", target)); }
    test_response options(std::string_view target) { return send(test_request("OPTIONS", target)); }
    test_response post(std::string_view target, std::string body = {}) {
        return send(test_request("POST", target).body(std::move(body)));
    }
    test_response put(std::string_view target, std::string body = {}) {
        return send(test_request("PUT", target).body(std::move(body)));
    }
    test_response patch(std::string_view target, std::string body = {}) {
        return send(test_request("PATCH", target).body(std::move(body)));
    }

    // Runs the request until the application has returned.
    test_response send(const test_request& req);

    // Ends the lifespan. Idempotent.
    void close();
    // The loop that everything runs on; its clock is virtual.
    girin::loop& loop() noexcept;

 private:
    struct state;
    std::unique_ptr<state> state_;
    int unwinding_;
};

}  // namespace girin
