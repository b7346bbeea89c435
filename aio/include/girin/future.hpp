// future<T>: a result that arrives later (asyncio.Future). Copies mean the same future. Single-threaded: only the
// thread that runs the loop may touch one.
#pragma once

#include <girin/context.hpp>
#include <girin/copyable.hpp>
#include <girin/coro.hpp>
#include <girin/exceptions.hpp>
#include <girin/export.hpp>
#include <girin/frame_pool.hpp>
#include <girin/makes_coroutine.hpp>
#include <girin/ref.hpp>
#include <girin/wait_point.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace girin {

class loop;
template <class T>
class future;

namespace detail {

class future_core;
class loop_core;
struct loop_home;

// A callback that is not part of an awaiter: add_done_callback's.
class GIRIN_EXPORT done_callback {
 public:
    virtual ~done_callback() = default;
    virtual void call(ref<future_core> done) = 0;
};

// A future without its value: state, exception, callbacks, and the count of the handles to it.
class GIRIN_EXPORT future_core {
 public:
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* core, std::size_t size) noexcept { free_frame(core, size); }

    // One that is not settable leaves set_result and set_exception to what it stands for.
    explicit future_core(bool settable = true);
    future_core(const future_core&) = delete;
    future_core& operator=(const future_core&) = delete;

    bool done() const noexcept { return state_ != state::pending; }
    bool cancelled() const noexcept { return state_ == state::cancelled; }
    // Whether it has an exception, which stays unretrieved.
    bool failed() const noexcept { return exception_ != nullptr; }
    // What this one awaits is cancelled first. True: accepted. Iterates, for tasks may await each other in a row of
    // any length.
    bool cancel(const std::string& message);
    // Whether it is just being cancelled, and has passed that on to what it awaits.
    bool passes_cancel_on() const noexcept { return passes_cancel_on_; }

    // Returns when there is a value, marks an exception as retrieved and raises it, raises cancelled_error, or
    // invalid_state_error while pending.
    void check_result();
    std::exception_ptr exception();
    void mark_retrieved() noexcept { unretrieved_ = false; }
    const std::exception_ptr& raised_exception() const noexcept { return exception_; }

    // For set_result and set_exception: std::runtime_error or invalid_state_error.
    void require_settable() const;
    void finish();  // the value is in place
    void set_exception(std::exception_ptr exception);
    void set_cancelled(std::string message);

    // Queues the node when the future is done, at once if it is.
    void add_callback(callback_node& node);
    // The number names the callback to remove_callback, which returns how many it removed.
    std::size_t add_callback(std::unique_ptr<done_callback> callback, const std::optional<context>& in = std::nullopt);
    std::size_t remove_callback(std::size_t number);

    // Calls f(const future_core&) for each task that awaits this, and each future that stands for it.
    template <class F>
    void for_each_waiter(F f) const {
        callbacks_.for_each([&](const callback_node& callback) {
            if (const future_core* waiter = callback.serves()) f(*waiter);
        });
    }

    // Null when the loop is gone.
    loop_core* owner() const noexcept;
    loop& get_loop() const;
    void* value() const noexcept { return value_; }

    void add_ref() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ != 0) return;
        if (unretrieved_) report_unretrieved();
        destroy();
    }
    // Whether there are handles to it besides the caller's.
    bool shared() const noexcept { return references_ > 1; }

 protected:
    // What has become of a cancellation that was passed on.
    struct passed_on {
        std::size_t count = 0;  // to so many
        bool accepted = false;  // by one of them
    };

    virtual ~future_core();
    // The n-th of those to which a cancellation is passed on; null when there are no more.
    virtual future_core* passes_cancel_to(std::size_t) const noexcept { return nullptr; }
    // Is cancelled itself, when they have been.
    virtual bool cancel_itself(const std::string& message, passed_on before);
    virtual void destroy() noexcept { delete this; }
    // Drops the callbacks that are done_callbacks.
    void drop_owned_callbacks() noexcept;
    virtual void report_unretrieved() noexcept;
    // Its exception is raised once more, and shall be seen to come from here.
    virtual void continue_traceback() const noexcept {}
    virtual const char* unretrieved_report() const noexcept { return "Future exception was never retrieved"; }
    virtual std::string name() const { return {}; }
    virtual std::vector<std::source_location> call_stack() const { return {}; }

    void* value_ = nullptr;
    std::string cancel_message_;  // of a cancellation that was asked for, and then of the one that it has ended with

 private:
    enum class state : unsigned char { pending, finished, cancelled };
    struct owned_callback;
    struct owned_callbacks;
    class cancel_path;

    void require_own_thread() const;
    void settle(state s);
    void queue_callbacks();

    loop_home* home_;
    unsigned references_ = 0;
    state state_ = state::pending;
    const bool settable_;
    bool unretrieved_ = false;
    bool passes_cancel_on_ = false;
    std::exception_ptr exception_;
    callback_list callbacks_;
    std::unique_ptr<owned_callbacks> owned_;
};

// How a value is kept: a reference as a pointer, and nothing as an empty struct.
template <class T>
struct stored {
    using type = T;
    static T& get(void* value) noexcept { return *static_cast<T*>(value); }
};
template <>
struct stored<void> {
    struct type {};
};
template <class T>
struct stored<T&> {
    using type = T*;
    static T& get(void* value) noexcept { return **static_cast<T**>(value); }
};

// A core with room for its value.
template <class T, class Core>
class with_value : public Core {
 public:
    using value_type = typename stored<T>::type;

    template <class... Args>
    explicit with_value(Args&&... args) : Core(std::forward<Args>(args)...) {}

    template <class... Args>
    void emplace(Args&&... args) {
        if constexpr (std::is_reference_v<T>)
            this->value_ = std::construct_at(&storage_, std::addressof(args)...);
        else
            this->value_ = std::construct_at(&storage_, std::forward<Args>(args)...);
    }

 protected:
    ~with_value() override {
        if (this->value_) std::destroy_at(&storage_);
    }

 private:
    union {
        value_type storage_;
    };
};

// The value of a future that has one: moved out by its last holder, and copied as long as others may look at it, if it
// can be copied. A class that only seems to be copyable, because of its members, has to delete its copy constructor.
template <class T>
T take_value(future_core& core) {
    if constexpr (std::is_reference_v<T>) {
        return stored<T>::get(core.value());
    } else if constexpr (!std::is_void_v<T>) {
        T& value = stored<T>::get(core.value());
        if constexpr (copyable<T>::value)
            if (core.shared()) return value;
        return std::move(value);
    }
}

// Waits for a core; the value is then read through the handle that made this.
class GIRIN_EXPORT future_wait : public wait_point {
 public:
    explicit future_wait(future_core& core) : core_(core) {}
    bool await_ready() const noexcept { return core_.done(); }
    void await_suspend(std::coroutine_handle<> caller);
    bool cancel(const std::string& message) final;
    future_core* awaited() const noexcept final { return &core_; }

 protected:
    void finish_wait() {
        if (cancelled_meanwhile()) finish_cancelled();
        core_.check_result();
    }
    future_core& core_;

 private:
    void finish_cancelled();
};

template <class Future, class F>
class function_callback final : public done_callback {
 public:
    explicit function_callback(F function) : function_(std::move(function)) {}
    void call(ref<future_core> done) override { function_(Future(std::move(done))); }

 private:
    F function_;
};

}  // namespace detail

template <class T = void>
class future {
 public:
    using value_type = T;

    future() noexcept = default;
    explicit future(detail::ref<detail::future_core> core) noexcept : core_(std::move(core)) {}

    // Whether there is a result, an exception or a cancellation.
    bool done() const noexcept { return core_->done(); }
    bool cancelled() const noexcept { return core_->cancelled(); }
    // Cancels: true if it was pending, false (and nothing changes) if it was done.
    bool cancel(const std::string& message = {}) const { return core_->cancel(message); }

    // The value, valid as long as the future; raises the exception, cancelled_error, or invalid_state_error while
    // pending.
    std::add_lvalue_reference_t<const T> result() const
        requires(!std::is_void_v<T>)
    {
        core_->check_result();
        return detail::stored<T>::get(core_->value());
    }
    void result() const
        requires std::is_void_v<T>
    {
        core_->check_result();
    }
    // The exception, or null after a result; raises cancelled_error, or invalid_state_error while pending.
    std::exception_ptr exception() const { return core_->exception(); }

    // Makes it done. invalid_state_error if it already is, std::runtime_error on a task's or gather's.
    template <class... Args>
    void set_result(Args&&... args) const {
        core_->require_settable();
        static_cast<detail::with_value<T, detail::future_core>*>(core_.get())->emplace(std::forward<Args>(args)...);
        core_->finish();
    }
    template <class Exception>
    void set_exception(Exception exception) const {
        core_->require_settable();
        if constexpr (std::same_as<Exception, std::exception_ptr>)
            core_->set_exception(std::move(exception));
        else
            core_->set_exception(std::make_exception_ptr(std::move(exception)));
    }

    // Calls callback(future) in the turn after the one that completes the future (in the next turn if it is done), in
    // order of registration, tasks that await it included; in the context that is given, or a copy of the caller's. The
    // number names it to remove_done_callback.
    template <class Callback>
    std::size_t add_done_callback(Callback callback, const std::optional<context>& in = std::nullopt) const {
        static_assert(!detail::makes_coroutine<Callback, future>, "nobody would await what the callback returns");
        return core_->add_callback(std::make_unique<detail::function_callback<future, Callback>>(std::move(callback)),
                                   in);
    }
    // How many were removed: 0 when it has been scheduled already.
    std::size_t remove_done_callback(std::size_t number) const { return core_->remove_callback(number); }

    // Waits, and yields the value by reference. Cancelling the waiting task cancels the future; protect it with shield.
    class awaiter : public detail::future_wait {
     public:
        explicit awaiter(const future& f) : detail::future_wait(*f.core_), future_(f) {}
        decltype(auto) await_resume() {
            finish_wait();
            return future_.result();
        }

     private:
        future future_;
    };
    // The same for a temporary: the value is moved out, unless others hold the future and it can be copied.
    class taking_awaiter : public detail::future_wait {
     public:
        explicit taking_awaiter(future f) : detail::future_wait(*f.core_), future_(std::move(f)) {}
        T await_resume() {
            finish_wait();
            return detail::take_value<T>(core_);
        }

     private:
        future future_;
    };
    awaiter operator co_await() const& { return awaiter(*this); }
    taking_awaiter operator co_await() && { return taking_awaiter(std::move(*this)); }

    // std::runtime_error when it is gone.
    loop& get_loop() const { return core_->get_loop(); }

    explicit operator bool() const noexcept { return static_cast<bool>(core_); }
    friend bool operator==(const future& a, const future& b) noexcept { return a.core_.get() == b.core_.get(); }
    const detail::ref<detail::future_core>& core() const noexcept { return core_; }

 protected:
    detail::ref<detail::future_core> core_;
};

// A pending future of the running loop (loop.create_future).
template <class T = void>
future<T> create_future() {
    return future<T>(detail::ref<detail::future_core>(new detail::with_value<T, detail::future_core>()));
}

}  // namespace girin
