// wrap_future: makes what a thread completes something to await (asyncio.wrap_future).
#pragma once

#include <girin/concurrent_future.hpp>
#include <girin/copyable.hpp>
#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/run_coroutine_threadsafe.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace girin {

namespace detail {

// The done callback of the future in the loop, dropped at the latest when that is gone.
template <class T>
class pass_cancellation_on {
 public:
    pass_cancellation_on(std::shared_ptr<bridge> between, concurrent_future<T> to)
        : between_(std::move(between)), to_(std::move(to)) {}
    pass_cancellation_on(pass_cancellation_on&&) noexcept = default;
    pass_cancellation_on& operator=(pass_cancellation_on&&) = delete;
    ~pass_cancellation_on() {
        if (between_) between_->in_loop = nullptr;
    }

    void operator()(const future<T>& done) {
        if (done.cancelled()) to_.cancel();
    }

 private:
    std::shared_ptr<bridge> between_;
    concurrent_future<T> to_;
};

template <class T>
void copy_outcome(const concurrent_future<T>& from, future_core& to) {
    if (to.done()) return;
    try {
        using state = with_value<T, future_core>;
        if constexpr (std::is_void_v<T>) {
            from.result();
            static_cast<state&>(to).emplace();
        } else {
            static_cast<state&>(to).emplace(from.result());
        }
        to.finish();
    } catch (const cancelled_error&) {
        to.set_cancelled({});
    } catch (...) {
        to.set_exception(std::current_exception());
    }
}

}  // namespace detail

// A future of the running loop with the same outcome; the value is copied, because others may read it at the same time.
// Cancelling it, or the task that awaits it, cancels the thread's future, unless that runs. If the loop is closed
// first, nothing happens when the thread's future is done.
template <class T>
future<T> wrap_future(const concurrent_future<T>& of) {
    static_assert(std::is_void_v<T> || std::is_reference_v<T> || detail::copyable<T>::value,
                  "the value of a concurrent_future that is awaited is copied");
    future<T> wrapper = create_future<T>();
    auto between = std::make_shared<detail::bridge>(detail::bridge{wrapper.core().get()});
    wrapper.add_done_callback(detail::pass_cancellation_on<T>(between, of));
    of.add_done_callback([between, home = detail::loop_address(loop::running())](const concurrent_future<T>& done) {
        home.call_soon([between, done] {
            if (between->in_loop) detail::copy_outcome(done, *between->in_loop);
        });
    });
    return wrapper;
}

// What belongs to the loop already is returned as it is.
template <class T>
future<T> wrap_future(future<T> f) {
    return f;
}

}  // namespace girin
