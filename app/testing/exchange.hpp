// One request of the in-memory client and its response: the receiver and sender that its application is given.
#pragma once

#include "app/testing/message_wait.hpp"

#include <girin/asgi.hpp>
#include <girin/testing.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace girin::testing {

class exchange final : public receiver, public sender {
 public:
    // Borrows all of its arguments.
    exchange(const test_request& req, const test_client_options& options, lifespan_state& state);

    const girin::scope& scope() const noexcept { return scope_; }
    bool has_started() const noexcept { return response_.status != 0; }
    bool has_left() const noexcept { return left_; }

    void leave();
    // Answers 500, as a server does for an exception before the response has started.
    void fail();
    // The response as it stands; asgi_error when it should be complete and is not.
    test_response result(bool must_be_complete);

 private:
    receiving receive() override;
    sending send(const send_message& message) override;
    void start(const http_response_start& start);
    void add_body(const http_response_body& body);
    void announce_length(const http_response_body& body);
    bool without_content() const;

    const test_request& request_;
    std::vector<std::string> texts_;
    std::vector<header> headers_;
    girin::scope scope_;
    std::size_t parts_taken_ = 0;
    bool left_ = false;
    message_wait wait_{http_disconnect()};
    test_response response_;
    std::optional<unsigned long long> announced_;
    std::size_t sent_ = 0;
};

}  // namespace girin::testing
