// as_completed: what several awaitables give, in the order in which they are done (asyncio.as_completed).
#pragma once

#include <girin/callback_list.hpp>
#include <girin/distinct.hpp>
#include <girin/export.hpp>
#include <girin/operation.hpp>
#include <girin/pooled_array.hpp>
#include <girin/ref.hpp>
#include <girin/task.hpp>
#include <girin/timer_node.hpp>
#include <girin/wait_line.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace girin {

struct as_completed_options {
    std::optional<std::chrono::nanoseconds> timeout = std::nullopt;  // for all together; without end if there is none
};

namespace detail {

// An iteration without its futures, which it knows by number.
class GIRIN_EXPORT as_completed_core : public counted<as_completed_core> {
 public:
    as_completed_core(std::size_t size, as_completed_options options);
    virtual ~as_completed_core();
    void watch(std::size_t i, future_core& core) { watched_[i].start(*this, core); }

    // How many have not been asked for.
    std::size_t left() const noexcept { return left_; }
    // Whether there was one.
    bool ask() noexcept {
        if (left_ == 0) return false;
        --left_;
        return true;
    }
    void ask_not() noexcept { ++left_; }

    bool available() const noexcept { return first_ || timed_out_ > 0; }
    // The number of the next one that is done; raises timeout_error for each one that was not in time.
    std::size_t take();

 private:
    friend class completion_wait;
    class watched final : public callback_node {
     public:
        void start(as_completed_core& of, future_core& core) {
            core_ = &of;
            core.add_callback(*this);
        }
        void run() override { core_->on_done(*this); }

        watched* next = nullptr;  // among those that are done

     private:
        as_completed_core* core_ = nullptr;
    };
    struct alarm final : timer_node {
        explicit alarm(as_completed_core& c) : core(c) {}
        void run() override { core.on_timeout(); }
        as_completed_core& core;
    };

    void on_done(watched& w);
    void on_timeout();

    pooled_array<watched> watched_;
    std::size_t pending_;
    std::size_t left_;
    std::size_t timed_out_ = 0;  // pending ones that nobody has been told of
    watched* first_ = nullptr;
    watched** last_ = &first_;
    alarm alarm_;
    wait_line line_;
    loop_bond bond_;
};

// A wait for the next one that is done. To be woken is only a hint, as in a queue.
class GIRIN_EXPORT completion_wait : public waiter {
 public:
    void await_suspend(std::coroutine_handle<> caller) { wait_in(core_->line_, core_->bond_, caller); }
    void run() override;

 protected:
    completion_wait(ref<as_completed_core> core, bool asked) noexcept : core_(std::move(core)), asked_(asked) {}
    ~completion_wait() override;

    bool asked() const noexcept { return asked_; }
    bool available() const noexcept { return core_->available(); }
    // To be called when it resumes. One that is cancelled has not asked.
    std::size_t take();
    as_completed_core& core() const noexcept { return *core_; }

 private:
    void pass_on();

    const ref<as_completed_core> core_;
    bool asked_;
};

template <class Future>
class as_completed_state final : public as_completed_core {
 public:
    as_completed_state(std::vector<Future> futures, as_completed_options options)
        : as_completed_core(futures.size(), options), futures_(std::move(futures)) {
        for (std::size_t i = 0; i < futures_.size(); ++i) watch(i, *futures_[i].core());
    }
    Future hand_out(std::size_t i) noexcept { return std::move(futures_[i]); }

 private:
    std::vector<Future> futures_;
};

template <class Future>
class next_completed final : public completion_wait {
 public:
    using value_type = std::optional<Future>;
    using start = ref<as_completed_state<Future>>;

    explicit next_completed(const start& state) : completion_wait(ref<as_completed_core>(state.get()), state->ask()) {}

    bool await_ready() const noexcept { return !asked() || available(); }
    value_type await_resume() {
        if (!asked()) return std::nullopt;
        std::size_t number = take();
        return static_cast<as_completed_state<Future>&>(core()).hand_out(number);
    }
};

template <class Future>
class next_result final : public completion_wait {
 public:
    using value_type = typename Future::value_type;
    using start = ref<as_completed_state<Future>>;

    explicit next_result(const start& state) noexcept : completion_wait(ref<as_completed_core>(state.get()), true) {}

    bool await_ready() const noexcept { return available(); }
    value_type await_resume() {
        std::size_t number = take();
        Future done = static_cast<as_completed_state<Future>&>(core()).hand_out(number);
        done.core()->check_result();
        return take_value<value_type>(*done.core());
    }
};

}  // namespace detail

// What as_completed() returns; copies mean the same iteration. To drop it cancels nothing.
template <class Future>
class completions {
 public:
    using value_type = Future;

    explicit completions(detail::ref<detail::as_completed_state<Future>> state) noexcept : state_(std::move(state)) {}

    // Waits for the next future or task that is done, and returns it; nothing when all have been returned. Its
    // exception is raised by awaiting it, not by this. Python's `async for` is `while (auto done = co_await
    // all.next())`. Raises timeout_error, once for each that was not in time. A next() that is cancelled has taken
    // nothing.
    detail::operation<detail::next_completed<Future>> next() const {
        return detail::operation<detail::next_completed<Future>>(state_);
    }

    // Python's plain `for`: as many awaitables as there are futures. Whichever is awaited first has the result, or
    // raises the exception, of the one that is done first: `for (auto&& next : all) use(co_await std::move(next));`
    class iterator {
     public:
        explicit iterator(detail::ref<detail::as_completed_state<Future>> state) noexcept : state_(std::move(state)) {}

        detail::operation<detail::next_result<Future>> operator*() const {
            state_->ask();
            return detail::operation<detail::next_result<Future>>(state_);
        }
        iterator& operator++() noexcept { return *this; }
        friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return i.state_->left() == 0; }

     private:
        detail::ref<detail::as_completed_state<Future>> state_;
    };
    iterator begin() const noexcept { return iterator(state_); }
    std::default_sentinel_t end() const noexcept { return {}; }

 private:
    detail::ref<detail::as_completed_state<Future>> state_;
};

// Gives futures and tasks in the order in which they are done; coroutines become tasks at once, in the order in which
// they stand. What is given twice is given back once. When the timeout has passed, each one that is still pending is a
// timeout_error instead; nothing is cancelled. std::invalid_argument for an empty future, or one of a different loop.
template <class Awaitable>
auto as_completed(std::vector<Awaitable> awaitables, as_completed_options options = {}) {
    if constexpr (detail::awaited_handle<Awaitable>) {
        using state = detail::as_completed_state<Awaitable>;
        detail::keep_distinct(awaitables);
        return completions<Awaitable>(detail::ref<state>(new state(std::move(awaitables), options)));
    } else {
        using future_type = decltype(ensure_future(std::declval<Awaitable>()));
        std::vector<future_type> tasks;
        tasks.reserve(awaitables.size());
        for (Awaitable& awaitable : awaitables) tasks.push_back(ensure_future(std::move(awaitable)));
        return as_completed(std::move(tasks), options);
    }
}

template <detail::awaited_handle Future>
completions<Future> as_completed(std::initializer_list<Future> futures, as_completed_options options = {}) {
    return as_completed(std::vector<Future>(futures), options);
}

}  // namespace girin
