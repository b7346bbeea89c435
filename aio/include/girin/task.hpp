// task<T>: a coroutine that runs on its own, and the future of its result (asyncio.Task). The loop keeps it alive until
// it is done, so a handle may be dropped.
#pragma once

#include <girin/context.hpp>
#include <girin/coro.hpp>
#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/operation.hpp>

#include <atomic>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace girin {

struct task_options {
    std::string name = {};                                 // "Task-N" if empty, N counted over the process
    std::optional<girin::context> context = std::nullopt;  // runs in this very one; without, in a copy of the caller's
    bool eager_start = false;  // runs at once, inside create_task, up to the first suspension, and may end there
};

namespace detail {

// A task without its value.
class GIRIN_EXPORT task_core : public future_core {
 public:
    task_core();

    unsigned cancelling() const noexcept { return cancelling_; }
    unsigned uncancel() noexcept;
    std::string name() const override;
    void set_name(std::string name);
    // Innermost first; of one that has failed, the coroutines that its exception has left.
    std::vector<std::source_location> call_stack() const override;

    context get_context() { return context_.share(); }

    // Takes over the coroutine; its first step runs in the next turn, or at once.
    void start_soon(std::coroutine_handle<> root);
    void start_now(std::coroutine_handle<> root);
    void start(std::coroutine_handle<> root, task_options options);

    static ref<task_core> current();
    static std::vector<ref<task_core>> all(loop_core& loop);
    static std::size_t count(const loop_core& loop) noexcept;
    // For a loop that is being closed: nobody is told any more of the end of its tasks, and then they are destroyed.
    static void drop_callbacks(loop_core& loop) noexcept;
    static void destroy_all(loop_core& loop) noexcept;
    // Somebody else answers for it: no report if the loop is closed before it is done.
    void abandon_quietly() noexcept { quiet_ = true; }

 protected:
    ~task_core() override;
    // Moves the finished coroutine's value into place, or raises its exception.
    virtual void collect() = 0;
    future_core* passes_cancel_to(std::size_t n) const noexcept override;
    bool cancel_itself(const std::string& message, passed_on before) override;
    void report_unretrieved() noexcept override;
    void continue_traceback() const noexcept override;
    const char* unretrieved_report() const noexcept override { return "Task exception was never retrieved"; }

    std::coroutine_handle<> root_;

 private:
    friend class wait_point;
    friend class context_slot;
    friend struct task_dump;
    class start_node final : public callback_node {
     public:
        explicit start_node(task_core& t) : task_(t) {}
        void run() override;
        const future_core* serves() const noexcept override { return &task_; }

     private:
        task_core& task_;
    };

    void begin(std::coroutine_handle<> root, context_slot in);
    context_slot inherited() const noexcept;
    void step(std::coroutine_handle<> resumed);
    void finish_task();
    void keep_traceback(const std::exception_ptr& raised) noexcept;
    void leave_loop() noexcept;

    start_node start_;
    wait_point* waiting_on_ = nullptr;
    task_core* next_ = nullptr;   // in the loop's list of tasks
    task_core** link_ = nullptr;  // what points at this one in it
    unsigned cancelling_ = 0;
    bool must_cancel_ = false;      // raise cancelled_error at the next resumption
    bool cancel_accepted_ = false;  // what it waits for has been stopped, and its message is the one to raise
    bool quiet_ = false;
    std::atomic<bool> named_ = false;  // name_ is complete: a signal handler may read it
    context_slot context_;
    unsigned long number_;
    std::string name_;
    std::unique_ptr<std::vector<std::source_location>> traceback_;
};

template <class T>
class task_state final : public with_value<T, task_core> {
    void collect() override {
        auto& result = coro<T>::handle_type::from_address(this->root_.address()).promise().result;
        if constexpr (std::is_void_v<T>)
            result.take();
        else
            this->emplace(result.take());
    }
};

template <class T>
struct is_coro : std::false_type {};
template <class T>
struct is_coro<coro<T>> : std::true_type {};

// std::invoke for what returns a coroutine: clang refuses the one of the library, which is not marked as a wrapper.
template <class F, class Object, class... Args>
GIRIN_CORO_WRAPPER auto call_member(F function, Object&& object, Args&&... args) {
    if constexpr (requires { (object.*function)(std::forward<Args>(args)...); })
        return (object.*function)(std::forward<Args>(args)...);
    else if constexpr (requires { (object.get().*function)(std::forward<Args>(args)...); })
        return (object.get().*function)(std::forward<Args>(args)...);
    else
        return ((*object).*function)(std::forward<Args>(args)...);
}
template <class F, class... Args>
GIRIN_CORO_WRAPPER auto call(F& function, Args&&... args) {
    if constexpr (std::is_member_function_pointer_v<F>)
        return call_member(function, std::forward<Args>(args)...);
    else
        return function(std::forward<Args>(args)...);
}

template <class F, class... Args>
concept coroutine_function = !is_coro<F>::value && std::invocable<F&, Args...>;

// A callable with its arguments, moved into the frame that runs it.
template <class F, class... Args>
auto call_in_frame(F function, Args... args) -> std::invoke_result_t<F&, Args...> {
    co_return co_await call(function, std::move(args)...);
}

}  // namespace detail

// Any task, without its result.
class any_task {
 public:
    any_task() noexcept = default;
    explicit any_task(detail::ref<detail::task_core> core) noexcept : core_(std::move(core)) {}

    bool done() const noexcept { return core_->done(); }
    bool cancelled() const noexcept { return core_->cancelled(); }
    // Asks the task to stop: cancelled_error is raised at the point where it waits, in a later turn; what it waits for
    // is asked first. False when it is done.
    bool cancel(const std::string& message = {}) const { return core_->cancel(message); }
    // How many cancellations have been asked for and not taken back.
    unsigned cancelling() const noexcept { return core_->cancelling(); }
    // Takes one back and returns the rest. At none, a cancellation that was not delivered yet is withdrawn.
    unsigned uncancel() const noexcept { return core_->uncancel(); }
    // The exception, or null after a result; raises cancelled_error, or invalid_state_error while pending.
    std::exception_ptr exception() const { return core_->exception(); }
    std::string get_name() const { return core_->name(); }
    void set_name(std::string name) const { core_->set_name(std::move(name)); }
    // Where each of its coroutines waits, innermost first; once it has failed, those that its exception has left.
    std::vector<std::source_location> get_stack() const { return core_->call_stack(); }
    // The one that the task runs in, not a copy.
    context get_context() const { return core_->get_context(); }
    loop& get_loop() const { return core_->get_loop(); }

    explicit operator bool() const noexcept { return static_cast<bool>(core_); }
    friend bool operator==(const any_task& a, const any_task& b) noexcept { return a.core_.get() == b.core_.get(); }
    const detail::ref<detail::task_core>& core() const noexcept { return core_; }

 private:
    detail::ref<detail::task_core> core_;
};

template <class T = void>
class task : public future<T> {
 public:
    task() noexcept = default;
    explicit task(detail::ref<detail::task_state<T>> core) noexcept
        : future<T>(detail::ref<detail::future_core>(core.get())) {}

    unsigned cancelling() const noexcept { return state().cancelling(); }
    unsigned uncancel() const noexcept { return state().uncancel(); }
    std::string get_name() const { return state().name(); }
    void set_name(std::string name) const { state().set_name(std::move(name)); }
    std::vector<std::source_location> get_stack() const { return state().call_stack(); }
    context get_context() const { return state().get_context(); }
    operator any_task() const noexcept { return any_task(detail::ref<detail::task_core>(&state())); }

    // Only the coroutine decides its outcome.
    template <class... Args>
    void set_result(Args&&...) const = delete;
    template <class Exception>
    void set_exception(Exception) const = delete;

 private:
    detail::task_core& state() const noexcept { return static_cast<detail::task_core&>(*this->core_); }
};

namespace detail {

template <class T>
ref<task_state<T>> make_task(const coro<T>& work) {
    if (!work) throw_reused();
    return ref<task_state<T>>(new task_state<T>());
}

}  // namespace detail

// Makes a task of the coroutine; its first step runs in the next turn, unless it is eager:
// `create_task(work(), {.name = "work"})`. Needs a running loop.
template <class T>
task<T> create_task(coro<T> work) {
    auto state = detail::make_task(work);
    state->start_soon(work.release());
    return task<T>(std::move(state));
}
template <class T>
task<T> create_task(coro<T> work, task_options options) {
    auto state = detail::make_task(work);
    state->start(work.release(), std::move(options));
    return task<T>(std::move(state));
}

// The same for what a lock, event, queue or the like is asked for: `create_task(q.get())`.
template <class Wait>
auto create_task(detail::operation<Wait> what, task_options options = {}) {
    return create_task(detail::as_coro(std::move(what)), std::move(options));
}

// The same for a callable and its arguments, which are moved into the task; the options come first.
template <class F, class... Args>
    requires detail::coroutine_function<F, Args...>
auto create_task(task_options options, F function, Args... args) {
    return create_task(detail::call_in_frame(std::move(function), std::move(args)...), std::move(options));
}
template <class F, class... Args>
    requires detail::coroutine_function<F, Args...>
auto create_task(F function, Args... args) {
    return create_task(detail::call_in_frame(std::move(function), std::move(args)...));
}

// The task that runs now; empty in a plain callback. Throws std::runtime_error when no loop runs.
GIRIN_EXPORT any_task current_task();
// The running loop's tasks that are not done.
GIRIN_EXPORT std::vector<any_task> all_tasks();

// A coroutine becomes a task; a future is returned as it is.
template <class T>
task<T> ensure_future(coro<T> work) {
    return create_task(std::move(work));
}
template <class Wait>
auto ensure_future(detail::operation<Wait> what) {
    return create_task(std::move(what));
}
template <class T>
future<T> ensure_future(future<T> f) {
    return f;
}
template <class T>
task<T> ensure_future(task<T> t) {
    return t;
}

namespace detail {

GIRIN_EXPORT void run_until_done(loop& l, const std::function<ref<future_core>()>& start);

}  // namespace detail

template <class Awaitable>
decltype(auto) loop::run_until_complete(Awaitable&& awaitable) {
    using future_type = decltype(ensure_future(std::forward<Awaitable>(awaitable)));
    future_type result;
    detail::run_until_done(*this, [&] {
        result = ensure_future(std::forward<Awaitable>(awaitable));
        return result.core();
    });
    result.core()->check_result();
    return detail::take_value<typename future_type::value_type>(*result.core());
}

}  // namespace girin
