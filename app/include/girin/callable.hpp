// Owns anything that can be called with given arguments: std::function without <functional>, and move-only.
#pragma once

#include <girin/coro.hpp>

#include <utility>

namespace girin::detail {

template <class Signature>
class callable;

// The call is const, and may happen while another one is suspended or runs on another thread. Empty after a move from
// it.
template <class Result, class... Args>
class callable<Result(Args...)> {
 public:
    // How the object is called.
    using invoker = Result (*)(const void* object, Args... args);

    callable() noexcept = default;
    template <class F>
    explicit callable(F object) : callable(std::move(object), &invoke<F>) {}
    template <class F>
    callable(F object, invoker how)
        : object_(static_cast<void*>(new F(std::move(object)))),
          invoke_(how),
          destroy_([](void* o) { delete static_cast<F*>(o); }) {}
    callable(callable&& other) noexcept
        : object_(std::exchange(other.object_, nullptr)), invoke_(other.invoke_), destroy_(other.destroy_) {}
    callable& operator=(callable other) noexcept {
        std::swap(object_, other.object_);
        std::swap(invoke_, other.invoke_);
        std::swap(destroy_, other.destroy_);
        return *this;
    }
    ~callable() {
        if (object_) destroy_(object_);
    }

    explicit operator bool() const noexcept { return object_ != nullptr; }
    GIRIN_CORO_WRAPPER Result operator()(Args... args) const { return invoke_(object_, static_cast<Args&&>(args)...); }

 private:
    template <class F>
    GIRIN_CORO_WRAPPER static Result invoke(const void* object, Args... args) {
        return (*static_cast<const F*>(object))(static_cast<Args&&>(args)...);
    }

    void* object_ = nullptr;
    invoker invoke_ = nullptr;
    void (*destroy_)(void*) = nullptr;
};

}  // namespace girin::detail
