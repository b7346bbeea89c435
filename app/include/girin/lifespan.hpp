// A worker's life as the application sees it: start-up, serving, shut-down.
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/lifespan_state.hpp>

#include <utility>

namespace girin {

class receiver;
class scope;
class sender;

// What app::lifespan's coroutine is given. What comes before serving() is start-up, what comes after it is shut-down,
// and what both need are its local variables. An exception of any type before serving() fails the start-up: the
// worker does not serve.
class GIRIN_EXPORT lifespan {
 public:
    lifespan(const scope& s, receiver& receive, sender& send);
    lifespan(const lifespan&) = delete;
    lifespan& operator=(const lifespan&) = delete;

    // Keeps a value for the requests, where request::state<T>() finds it, and returns it. It lives until the worker has
    // stopped, longer than the coroutine's local variables. A second value of one type is a std::logic_error.
    template <class T>
    T& put(T value) {
        return state().put(std::move(value));
    }

    // Reports that start-up is complete, and returns when the worker has drained. Once only.
    coro<void> serving();
    bool has_started() const noexcept { return started_; }

 private:
    lifespan_state& state() const;

    lifespan_state* state_;
    receiver* receive_;
    sender* send_;
    bool started_ = false;
};

}  // namespace girin
