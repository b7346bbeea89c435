// A loop that runs in a thread of its own.
#pragma once

#include <girin/loop.hpp>
#include <girin/run_coroutine_threadsafe.hpp>

#include <optional>
#include <semaphore>
#include <thread>

namespace girin::test {

class loop_thread {
 public:
    loop_thread() {
        std::binary_semaphore running(0);
        thread_ = std::thread([&] {
            loop l;
            loop_ = &l;
            l.set_exception_handler([](loop&, const exception_context&) {});
            l.call_soon([&] { running.release(); });
            l.run_forever();
        });
        running.acquire();
    }
    // Stops the loop and closes it, with whatever is left in it.
    ~loop_thread() { end(); }
    void end() {
        if (!thread_.joinable()) return;
        loop_->call_soon_threadsafe([l = loop_] { l->stop(); });
        thread_.join();
    }

    loop& get_loop() const { return *loop_; }

    // Waits until the loop has run what was given to it before.
    void settle() const {
        std::binary_semaphore arrived(0);
        loop_->call_soon_threadsafe([&] { loop_->call_soon([&] { loop_->call_soon([&] { arrived.release(); }); }); });
        arrived.acquire();
    }

 private:
    loop* loop_ = nullptr;
    std::thread thread_;
};

}  // namespace girin::test
