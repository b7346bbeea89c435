// concurrent_future<T>: a result that threads wait for by blocking (concurrent.futures.Future).
#pragma once

#include <girin/exceptions.hpp>
#include <girin/export.hpp>
#include <girin/future.hpp>
#include <girin/makes_coroutine.hpp>

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace girin {

namespace detail {

// A concurrent_future without its value.
class GIRIN_EXPORT concurrent_core {
 public:
    concurrent_core() = default;
    concurrent_core(const concurrent_core&) = delete;
    concurrent_core& operator=(const concurrent_core&) = delete;

    bool done() const;
    bool cancelled() const;
    bool running() const;
    bool cancel();
    bool set_running_or_notify_cancel();
    // Raises invalid_state_error when it is done. The value is put in place by `emplace`, under the lock.
    void finish(const std::function<void()>& emplace, std::exception_ptr raised);

    // Returns when it is done and was not cancelled, with its exception; cancelled_error, timeout_error.
    std::exception_ptr wait(std::optional<std::chrono::nanoseconds> timeout);
    void add_callback(std::function<void()> callback);

 private:
    enum class state : unsigned char { pending, running, cancelled, finished };
    bool is_done() const noexcept { return state_ == state::cancelled || state_ == state::finished; }
    void settle(std::unique_lock<std::mutex> lock, state s);

    mutable std::mutex mutex_;
    std::condition_variable settled_;
    state state_ = state::pending;
    std::exception_ptr exception_;
    std::vector<std::function<void()>> callbacks_;
};

}  // namespace detail

// Copies mean the same future. Every function may be called in any thread; a task awaits wrap_future(f).
template <class T = void>
class concurrent_future {
 public:
    using value_type = T;

    // Pending, for whoever will complete it.
    concurrent_future() : state_(std::make_shared<state>()) {}

    bool done() const { return state_->done(); }
    bool cancelled() const { return state_->cancelled(); }
    bool running() const { return state_->running(); }
    // False when it runs or has finished, which is then not changed.
    bool cancel() const { return state_->cancel(); }

    // Blocks until it is done and returns the value, valid as long as the future, or raises its exception,
    // cancelled_error, or timeout_error, which changes nothing. std::runtime_error instead of blocking a thread that
    // runs a loop.
    std::add_lvalue_reference_t<const T> result(std::optional<std::chrono::nanoseconds> timeout = std::nullopt) const {
        if (std::exception_ptr raised = state_->wait(timeout)) std::rethrow_exception(raised);
        if constexpr (!std::is_void_v<T>) return detail::stored<T>::get(&*state_->value);
    }
    // The same, and the exception is returned; null after a result.
    std::exception_ptr exception(std::optional<std::chrono::nanoseconds> timeout = std::nullopt) const {
        return state_->wait(timeout);
    }

    // Calls callback(future) in the thread that completes or cancels it; at once, here, if it is done. What the
    // callback raises is written to stderr.
    template <class Callback>
    void add_done_callback(Callback callback) const {
        static_assert(!detail::makes_coroutine<Callback, concurrent_future>,
                      "nobody would await what the callback returns");
        state_->add_callback([callback = std::move(callback), weak = std::weak_ptr(state_)]() mutable {
            if (auto locked = weak.lock()) callback(concurrent_future(std::move(locked)));
        });
    }

    // For whoever completes it. False when it has been cancelled; otherwise it runs, and cannot be any more.
    // invalid_state_error when it runs or has finished.
    bool set_running_or_notify_cancel() const { return state_->set_running_or_notify_cancel(); }
    // invalid_state_error when it is done.
    template <class... Args>
    void set_result(Args&&... args) const {
        auto emplace = [&] {
            if constexpr (std::is_reference_v<T>)
                state_->value.emplace(std::addressof(args)...);
            else
                state_->value.emplace(std::forward<Args>(args)...);
        };
        state_->finish(emplace, nullptr);
    }
    template <class Exception>
    void set_exception(Exception exception) const {
        if constexpr (std::same_as<Exception, std::exception_ptr>)
            state_->finish(nullptr, std::move(exception));
        else
            state_->finish(nullptr, std::make_exception_ptr(std::move(exception)));
    }

    friend bool operator==(const concurrent_future& a, const concurrent_future& b) noexcept = default;

 private:
    struct state : detail::concurrent_core {
        std::optional<typename detail::stored<T>::type> value;
    };
    explicit concurrent_future(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}

    std::shared_ptr<state> state_;
};

}  // namespace girin
