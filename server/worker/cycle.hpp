// One request, and the application's run on it: a task that starts at once, with the receive and send that it is given.
#pragma once

#include "server/http1/protocol.hpp"

#include <girin/asgi.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace girin::worker {

class connection;

class cycle final : public girin::detail::task_core, private receiver, private sender {
 public:
    explicit cycle(connection& c);

    // Runs the application up to its first suspension. The cycle may be gone when this returns.
    void start();

    // The connection's news; the cycle wakes whoever waits for them.
    void on_input();
    void on_written();
    void client_left();
    // The rest of the request is not heard: the client gets the server's answer, unless the application's is on the
    // wire, and for the application it has left.
    void refuse(http1::failure refused);
    // The worker stops.
    void abort();
    // Whether the application waits for more of the request.
    bool awaits_input() const noexcept { return waits(input_wait_); }

 private:
    // Has the cycle outlive what the loop runs next. It is part of the cycle, so that this needs no memory.
    class keeper final : public girin::detail::callback_node {
     public:
        void keep(cycle& c);

     private:
        void run() override { drop(); }
        void drop() noexcept override { const auto last = std::exchange(kept_, {}); }
        girin::detail::ref<cycle> kept_;
    };
    class input_wait final : public receive_wait {
     public:
        explicit input_wait(cycle& c) : cycle_(c) {}
        bool cancel(const std::string& message) override { return accept_cancel(message); }
        bool ready() override { return cycle_.has_message(); }
        receive_message take() override;
        using receive_wait::suspended;
        bool waits() const noexcept { return suspended() && !linked(); }
        cycle& cycle_;
        keeper until_it_ran;
    };
    class output_wait final : public girin::detail::wait_point {
     public:
        explicit output_wait(cycle& c) : cycle_(c) {}
        bool cancel(const std::string& message) override;
        bool ready() override { return !unsent; }
        using wait_point::suspended;
        bool waits() const noexcept { return suspended() && !linked(); }
        cycle& cycle_;
        keeper until_it_ran;
        bool unsent = false;  // the kernel has not taken all that send was given
    };

    template <class Wait>
    static bool suspended(const std::optional<Wait>& wait) noexcept {
        return wait && wait->suspended();
    }
    template <class Wait>
    static bool waits(const std::optional<Wait>& wait) noexcept {
        return wait && wait->waits();
    }
    // Whether a send has not returned, or would not have if it had been awaited.
    bool send_under_way() const noexcept { return output_wait_ && (output_wait_->unsent || output_wait_->suspended()); }

    GIRIN_CORO_WRAPPER coro<void> call_application();
    receiving receive() override;
    sending send(const send_message& message) override;
    [[gnu::noinline]] sending send_start(const http_response_start& start);
    [[gnu::noinline]] sending send_body(const http_response_body& body);
    [[gnu::noinline]] bool write(http1::uncopied rest);
    [[noreturn, gnu::noinline]] void refuse_send() const;
    [[noreturn, gnu::noinline]] static void refuse_message(const send_message& message);
    [[gnu::noinline]] void keep_for_log(const http_response_start& start);
    std::optional<receive_message> next_message();
    bool has_message();
    void note_sent();
    void wake_waits();
    [[gnu::noinline]] void release_waits();
    bool answer(int status, std::string_view reason);
    void collect() override;
    void conclude(const std::exception_ptr& raised);
    [[gnu::noinline]] void application_failed(const std::exception_ptr& raised);
    [[gnu::noinline]] void log_access();

    connection& connection_;
    scope scope_;
    std::string whole_path_;                  // when it is not the raw path
    std::optional<input_wait> input_wait_;    // of receive(), made when it first has to wait
    std::optional<output_wait> output_wait_;  // of send(), likewise
    std::optional<receive_message> message_;
    std::unique_ptr<owned<http_response_start>> logged_start_;  // when the access log shows it
    std::chrono::steady_clock::time_point started_;
    std::uint64_t body_bytes_ = 0;
    int status_ = 0;
    int scoreboard_entry_ = -1;
    bool content_ended_ = false;
    bool ended_ = false;  // the application has returned, and the connection may be gone
    bool first_step_ = true;
};

}  // namespace girin::worker
