// staggered_race: begins one attempt after the other, and takes the first that succeeds (asyncio's staggered_race, as
// for happy eyeballs).
#pragma once

#include <girin/coro.hpp>
#include <girin/event.hpp>
#include <girin/export.hpp>
#include <girin/gather.hpp>
#include <girin/ref.hpp>
#include <girin/task.hpp>
#include <girin/task_set.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace girin {

// How a staggered_race ended.
template <class T>
struct race_result {
    std::optional<detail::gathered_item<T>> value;  // the winner's (std::monostate if it is void), or nothing
    std::optional<std::size_t> winner;              // its place among the functions, or nothing
    std::vector<std::exception_ptr> exceptions;     // of those that were begun, in their order; the winner's is null
};

namespace detail {

// A race without its functions and its result.
class GIRIN_EXPORT race_core : public counted<race_core>, public task_set {
 public:
    explicit race_core(std::optional<std::chrono::nanoseconds> delay) : delay_(delay) {}
    ~race_core() override;

    // Begins the attempts, until all have been begun or one has won, and waits for their ends.
    static coro<void> run(ref<race_core> race, std::size_t attempts);

    std::optional<std::size_t> winner;
    std::vector<std::exception_ptr> exceptions;

 protected:
    // Calls the next function, and leaves its value in place if it has won.
    virtual coro<void> attempt() = 0;
    // The place of the function to call.
    std::size_t begin();
    void lose(std::size_t i, std::exception_ptr raised);
    // The first one cancels the others.
    void win(std::size_t i);

 private:
    const future_core* waiter() const noexcept override { return waiter_.get(); }
    void on_done(task_core& task) override;
    void on_abandoned() noexcept override { waiter_ = {}; }

    ref<task_core> waiter_;  // as long as run() runs
    const std::optional<std::chrono::nanoseconds> delay_;
    std::size_t tasks_made_ = 0;
    event go_on_;                // the last attempt has failed, or one has won
    std::exception_ptr raised_;  // what is no attempt's failure: a keyboard_interrupt
};

template <class Function>
class race final : public race_core {
 public:
    using T = typename std::invoke_result_t<Function&>::value_type;

    race(std::vector<Function> functions, std::optional<std::chrono::nanoseconds> delay)
        : race_core(delay), functions_(std::move(functions)) {}
    ~race() override = default;

    std::optional<gathered_item<T>> value;

 private:
    GIRIN_CORO_WRAPPER coro<void> attempt() override { return run_attempt(ref<race>(this)); }

    // Keeps the race, and so its function, whoever drops the rest.
    static coro<void> run_attempt(ref<race> self) {
        const std::size_t i = self->begin();
        try {
            if constexpr (std::is_void_v<T>) {
                co_await self->functions_[i]();
                if (!self->winner) self->value.emplace();
            } else {
                decltype(auto) result = co_await self->functions_[i]();
                if (!self->winner) self->value.emplace(std::forward<decltype(result)>(result));
            }
            self->win(i);
        } catch (const keyboard_interrupt&) {
            throw;
        } catch (...) {
            self->lose(i, std::current_exception());
        }
    }

    std::vector<Function> functions_;
};

template <class Function>
coro<race_result<typename race<Function>::T>> run_race(ref<race<Function>> r, std::size_t attempts) {
    co_await race_core::run(ref<race_core>(r.get()), attempts);
    co_return race_result<typename race<Function>::T>{std::move(r->value), r->winner, std::move(r->exceptions)};
}

}  // namespace detail

// Calls the first function and runs the coroutine that it returns as a task; calls the next one as soon as the one
// before it has failed, or the delay has passed since it was begun, and so on, until one returns. That one has won: the
// others are cancelled and awaited. Without a delay one is begun only after the one before it has failed. Nobody has
// won when all have failed, or there was none; that raises nothing. Cancelling it cancels every attempt and waits for
// their ends. The functions live until then.
template <class Function>
GIRIN_CORO_WRAPPER auto staggered_race(std::vector<Function> functions, std::optional<std::chrono::nanoseconds> delay) {
    const std::size_t attempts = functions.size();
    using race = detail::race<Function>;
    return detail::run_race<Function>(detail::ref<race>(new race(std::move(functions), delay)), attempts);
}

}  // namespace girin
