// shield: waits for something without cancelling it when the waiting task is cancelled (asyncio.shield).
#pragma once

#include <girin/export.hpp>
#include <girin/future.hpp>
#include <girin/task.hpp>

#include <string>
#include <utility>

namespace girin {

namespace detail {

// The outer future. Like gather's, one that nobody holds is forgotten.
class GIRIN_EXPORT shield_core : public future_core {
 public:
    // std::invalid_argument when the inner one belongs to a different loop.
    explicit shield_core(ref<future_core> inner);
    void start() { inner_->add_callback(inner_done_); }

 protected:
    ~shield_core() override;
    bool cancel_itself(const std::string& message, passed_on before) override;
    // Puts the inner one's result in place.
    virtual void collect(future_core& inner) = 0;

 private:
    class inner_done final : public callback_node {
     public:
        explicit inner_done(shield_core& o) : outer_(o) {}
        void run() override { outer_.on_done(); }
        const future_core* serves() const noexcept override { return &outer_; }

     private:
        shield_core& outer_;
    };
    void on_done();

    ref<future_core> inner_;  // until it is done, or this is cancelled
    inner_done inner_done_;
};

template <class T>
class shield_state final : public with_value<T, shield_core> {
 public:
    using with_value<T, shield_core>::with_value;

 private:
    void collect(future_core& inner) override {
        if constexpr (std::is_void_v<T>)
            this->emplace();
        else
            this->emplace(take_value<T>(inner));
    }
};

}  // namespace detail

// Returns a future of the same result, exception or cancellation; cancelling that, or the task that awaits it, does not
// touch the inner future or task: `co_await shield(save(order))`. A done future is returned as it is. A coroutine
// becomes a task, which the loop keeps alive; nobody needs to hold it. The result is moved out of an inner one that
// nobody else holds, and copied otherwise. If the inner one fails after the outer one was cancelled, and nobody else
// looks at it, its exception is reported to the loop's exception handler as that of any other task, once.
template <class Awaitable>
auto shield(Awaitable awaited) {
    using T = typename Awaitable::value_type;
    future<T> inner = ensure_future(std::move(awaited));
    if (inner.done()) return inner;
    auto* state = new detail::shield_state<T>(inner.core());
    future<T> outer{detail::ref<detail::future_core>(state)};
    state->start();
    return outer;
}

}  // namespace girin
