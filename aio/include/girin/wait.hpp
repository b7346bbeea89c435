// wait: until one, or all, of several futures and tasks are done (asyncio.wait).
#pragma once

#include <girin/callback_list.hpp>
#include <girin/distinct.hpp>
#include <girin/export.hpp>
#include <girin/operation.hpp>
#include <girin/pooled_array.hpp>
#include <girin/timer_node.hpp>
#include <girin/wait_point.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace girin {

// What wait() waits for: the end of all, of the first, or of the first that fails (of all, if none does).
enum class return_when : unsigned char { all_completed, first_completed, first_exception };
using enum return_when;

struct wait_options {
    std::optional<std::chrono::nanoseconds> timeout = std::nullopt;  // without end if there is none
    girin::return_when return_when = girin::return_when::all_completed;
};

// Both in the order in which they were given to wait(). `Future` is future<T>, task<T> or any_task.
template <class Future>
struct wait_result {
    std::vector<Future> done;
    std::vector<Future> pending;
};

namespace detail {

class GIRIN_EXPORT several_wait : public wait_point {
 public:
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller);
    bool cancel(const std::string& message) override { return accept_cancel(message); }

 protected:
    several_wait(std::size_t size, wait_options options);
    ~several_wait() override;
    void watch(std::size_t i, future_core& core) noexcept { watched_[i].set(*this, core); }
    // To be called when it resumes: nothing calls it back any more.
    void finish_wait();

 private:
    class watched final : public callback_node {
     public:
        void set(several_wait& wait, future_core& core) noexcept {
            wait_ = &wait;
            core_ = &core;
        }
        future_core& core() const noexcept { return *core_; }
        void run() override { wait_->on_done(*core_); }
        const future_core* serves() const noexcept override { return wait_->serves(); }

     private:
        several_wait* wait_ = nullptr;
        future_core* core_ = nullptr;
    };
    struct alarm final : timer_node {
        explicit alarm(several_wait& w) : wait(w) {}
        void run() override { wait.wake_once(); }
        several_wait& wait;
    };

    void on_done(future_core& core);
    void wake_once() {
        if (!linked()) wake();
    }

    pooled_array<watched> watched_;
    std::size_t pending_;
    const wait_options options_;
    alarm alarm_;
};

template <class Future>
class wait_of_several final : public several_wait {
 public:
    using value_type = wait_result<Future>;
    struct start {
        std::vector<Future> futures;
        wait_options options;
    };

    explicit wait_of_several(start s) : several_wait(s.futures.size(), s.options), futures_(std::move(s.futures)) {
        for (std::size_t i = 0; i < futures_.size(); ++i) watch(i, *futures_[i].core());
    }

    value_type await_resume() {
        finish_wait();
        value_type result;
        for (Future& f : futures_) {
            auto& part = f.done() ? result.done : result.pending;
            if (part.empty()) part.reserve(futures_.size());
            part.push_back(std::move(f));
        }
        return result;
    }

 private:
    std::vector<Future> futures_;
};

}  // namespace detail

// Waits for futures and tasks, and tells which are done and which are not: `co_await wait({a, b}, {.timeout = 1s})`.
// What is given twice is waited for once. Nothing is cancelled, neither by the timeout, which is no error here, nor
// when the waiting task is cancelled; and no exception is raised: it stays in its future, and is reported as never
// retrieved if nobody looks. One that ended cancelled has not failed. Suspends for a turn even if all are done; with a
// timeout of zero or less, for that turn.
//
// std::invalid_argument for no future at all, an empty one, or one of a different loop. A coroutine is no future:
// create_task() makes one of it. Tasks of several types can be waited for as any_task.
template <detail::awaited_handle Future>
detail::operation<detail::wait_of_several<Future>> wait(std::vector<Future> futures, wait_options options = {}) {
    detail::keep_distinct(futures);
    return detail::operation<detail::wait_of_several<Future>>({std::move(futures), options});
}

template <detail::awaited_handle Future>
auto wait(std::initializer_list<Future> futures, wait_options options = {}) {
    return wait(std::vector<Future>(futures), options);
}

// The same for any range of handles.
template <class Range, detail::awaited_handle Future = std::iter_value_t<decltype(std::begin(std::declval<Range&>()))>>
auto wait(const Range& futures, wait_options options = {}) {
    return wait(std::vector<Future>(std::begin(futures), std::end(futures)), options);
}

}  // namespace girin
