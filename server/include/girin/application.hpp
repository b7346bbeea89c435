// An application is anything that can be called as
//
//     girin::coro<void> application(const girin::scope& scope, girin::receiver& receive, girin::sender& send);
//
// and a middleware is a function from application to application. <girin/asgi.hpp> has what the arguments are.
#pragma once

#include <girin/coro.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <utility>

namespace girin {

class scope;
class receiver;
class sender;

namespace detail {

template <class F>
concept asgi_callable = requires(const F& f, const scope& s, receiver& r, sender& w) {
    { f(s, r, w) } -> std::same_as<coro<void>>;
};

}  // namespace detail

// Any application behind one type. Copies share the callable, which outlives every coroutine it has returned; it is
// called concurrently for the requests in flight, always on the worker's one loop.
class application {
 public:
    template <detail::asgi_callable F>
        requires(!std::same_as<F, application>)
    application(F callable) : shared_(new model<F>(std::move(callable))) {}
    application(const application& other) noexcept : shared_(other.shared_) {
        if (shared_) shared_->uses.fetch_add(1, std::memory_order_relaxed);
    }
    application(application&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
    application& operator=(application other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~application() {
        if (shared_ && shared_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared_;
    }

    GIRIN_CORO_WRAPPER coro<void> operator()(const scope& s, receiver& receive, sender& send) const {
        return shared_->call(s, receive, send);
    }

 private:
    struct shared_callable {
        virtual ~shared_callable() = default;
        virtual coro<void> call(const scope&, receiver&, sender&) const = 0;
        std::atomic<std::size_t> uses = 1;
    };
    template <class F>
    struct model final : shared_callable {
        explicit model(F f) : callable(std::move(f)) {}
        GIRIN_CORO_WRAPPER coro<void> call(const scope& s, receiver& receive, sender& send) const override {
            return callable(s, receive, send);
        }
        F callable;
    };
    shared_callable* shared_;
};

}  // namespace girin
