// run_coroutine_threadsafe: hands a coroutine to a loop that runs in another thread.
#pragma once

#include <girin/concurrent_future.hpp>
#include <girin/coro.hpp>
#include <girin/loop.hpp>
#include <girin/task.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

namespace girin {

namespace detail {

// What the two ends of a bridge between threads have in common. Only the loop's thread looks inside.
struct bridge {
    future_core* in_loop = nullptr;  // null before it is made, and when it is done or gone
};

// The done callback of the task. If it is dropped instead, because the loop is closed over the task, nobody is left
// waiting.
template <class T>
class hand_out {
 public:
    hand_out(std::shared_ptr<bridge> between, concurrent_future<T> to)
        : between_(std::move(between)), to_(std::move(to)) {}
    hand_out(hand_out&&) noexcept = default;
    hand_out& operator=(hand_out&&) = delete;
    ~hand_out() {
        if (!between_) return;
        between_->in_loop = nullptr;
        to_.cancel();
    }

    void operator()(future<T> done) {
        if (done.cancelled() || !to_.set_running_or_notify_cancel()) return;
        try {
            if (std::exception_ptr raised = done.exception())
                to_.set_exception(std::move(raised));
            else if constexpr (std::is_void_v<T>)
                to_.set_result();
            else
                to_.set_result(take_value<T>(*done.core()));
        } catch (...) {  // the value could not be moved
            to_.set_exception(std::current_exception());
        }
    }

 private:
    std::shared_ptr<bridge> between_;
    concurrent_future<T> to_;
};

// On its way to the loop. If it never gets there, nobody is left waiting.
template <class T>
struct hand_over {
    coro<T> work;
    concurrent_future<T> to;
    bool started = false;

    hand_over(coro<T> w, concurrent_future<T> t) : work(std::move(w)), to(std::move(t)) {}
    hand_over(const hand_over&) = delete;
    hand_over& operator=(const hand_over&) = delete;
    ~hand_over() {
        if (!started) to.cancel();
    }

    void start() {
        if (to.done()) return work.close();
        task<T> made = create_task(std::move(work));
        started = true;
        auto between = std::make_shared<bridge>(bridge{made.core().get()});
        made.add_done_callback(hand_out<T>(between, to));
        to.add_done_callback([between, home = loop_address(loop::running())](const concurrent_future<T>& done) {
            if (!done.cancelled()) return;
            home.call_soon([between] {
                if (between->in_loop) between->in_loop->cancel({});
            });
        });
    }
};

}  // namespace detail

// Makes a task of the coroutine in a loop that runs in another thread, and returns at once with the future of its
// result, for this thread to wait for: `run_coroutine_threadsafe(work(), l).result(5s)`. Cancelling that cancels the
// task, and the other way round; a timeout of result() does not. The task runs in a copy of this thread's context. If
// the loop is closed first, the future ends cancelled. What the coroutine was given is made in this thread, and belongs
// to the loop's thread from here on. std::runtime_error when the loop is closed.
template <class T>
concurrent_future<T> run_coroutine_threadsafe(coro<T> work, loop& l) {
    if (!work) detail::throw_reused();
    concurrent_future<T> result;
    auto on_its_way = std::make_shared<detail::hand_over<T>>(std::move(work), result);
    l.call_soon_threadsafe([on_its_way = std::move(on_its_way)] { on_its_way->start(); });
    return result;
}

}  // namespace girin
