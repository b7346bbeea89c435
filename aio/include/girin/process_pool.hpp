// A bounded pool of processes of this program, for functions that may crash (concurrent.futures.ProcessPoolExecutor).
//
//     girin::process_pool pool;
//     image small = co_await pool.run<shrink>(large, 100);
//
// A process is this program, executed again: its static constructors run, and its main does not. The program has to be
// linked with libgirin.so, and every module with a build-id (-Wl,--build-id; CMake's girin target asks for it).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/thread_pool.hpp>
#include <girin/wire.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace girin {

// A function could not be called in another process: none could be started, or the module that the function is in has
// been replaced since this process loaded it, or arguments or result are too large.
class GIRIN_EXPORT process_pool_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
    process_pool_error(const process_pool_error&) = default;
    ~process_pool_error() override;
};

// The process ended before the function returned.
class GIRIN_EXPORT process_died : public std::runtime_error {
 public:
    // `signal` is 0 for a process that exited, with this status; -1 where somebody else has asked for it first.
    process_died(std::string function, int signal, int exit_status);
    process_died(const process_died&) = default;
    ~process_died() override;

    const std::string& function() const noexcept { return function_; }
    int signal() const noexcept { return signal_; }
    int exit_status() const noexcept { return exit_status_; }

 private:
    std::string function_;
    int signal_;
    int exit_status_;
};

// The function raised an exception in its process; what() is that exception's.
class GIRIN_EXPORT remote_exception : public std::runtime_error {
 public:
    remote_exception(std::string type, const std::string& what) : std::runtime_error(what), type_(std::move(type)) {}
    remote_exception(const remote_exception&) = default;
    ~remote_exception() override;

    // The name of its type, such as "std::domain_error".
    const std::string& type() const noexcept { return type_; }

 private:
    std::string type_;
};

namespace detail {

class pool_process;

// A function as another process of the program can call it: reads the arguments, writes the result.
struct process_function {
    void (*call)(std::string_view arguments, std::string& result);
    std::string_view name;
};

template <class Pointer>
struct process_signature;
template <class R, class... P>
struct process_signature<R (*)(P...)> {
    static_assert(transferable<R> || std::is_void_v<R>, "the result cannot be sent to another process");
    static_assert((... && (!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>)),
                  "what a function changes through a reference would not come back");

    // A parameter as it is sent.
    template <class T>
    using sent = std::conditional_t<std::is_same_v<std::remove_cvref_t<T>, std::string_view>, std::string,
                                    std::remove_cvref_t<T>>;
    static_assert((... && transferable<sent<P>>), "a parameter cannot be sent to another process");

    using result = R;

    template <auto Function>
    static void call(std::string_view arguments, [[maybe_unused]] std::string& message) {
        wire_reader reader(arguments);
        std::tuple<sent<P>...> values{wire<sent<P>>::get(reader)...};
        reader.end();
        auto invoke = [](auto&... value) -> R { return Function(std::move(value)...); };
        if constexpr (std::is_void_v<R>)
            std::apply(invoke, values);
        else
            wire<R>::put(message, std::apply(invoke, values));
    }

    template <class... Args>
        requires(sizeof...(Args) == sizeof...(P) && (... && std::convertible_to<const Args&, sent<P>>))
    static std::string encode(const Args&... args) {
        std::string message;
        (wire<sent<P>>::put(message, args), ...);
        return message;
    }
};
template <class R, class... P>
struct process_signature<R (*)(P...) noexcept> : process_signature<R (*)(P...)> {};

// The compiler's own spelling: what a symbol table does not have for what is hidden.
template <auto Function>
constexpr std::string_view function_name() {
    constexpr std::string_view before = "Function = ";
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find(before) + before.size());
    text = text.substr(0, text.find_first_of(";]"));
    if (text.starts_with('&')) text.remove_prefix(1);
    return text;
}

}  // namespace detail

// What a pool has to do and has done, at one moment. A thread is one that has a process, or will start one.
struct process_figures : pool_figures {
    std::uint64_t started = 0;  // processes
    std::uint64_t died = 0;     // of them, while they ran a function, but not those that a cancellation killed
};

// Processes are started when they are first needed, and serve one call at a time. Safe to use from several loops.
class GIRIN_EXPORT process_pool {
 public:
    struct options {
        std::size_t processes = 0;  // at most; 0 means as many as there are processors
        std::size_t queue = 1024;   // calls that may wait for a process
        std::chrono::nanoseconds idle_time = std::chrono::seconds(30);  // after which a process is ended
        std::size_t max_tasks_per_child = 0;  // calls that a process serves before it is replaced; 0: no limit
        std::chrono::nanoseconds start_timeout = std::chrono::seconds(30);  // for a process to be ready for its first
        std::size_t max_bytes = 64 << 20;  // of the arguments, and of the result, of a call
        std::string name = "girin_pool";   // of the threads that wait for the processes
    };

    // Starts nothing yet. process_pool_error in a program that has loaded libgirin.so later than at its start.
    explicit process_pool(const options& o);
    process_pool() : process_pool(options()) {}
    process_pool(const process_pool&) = delete;
    process_pool& operator=(const process_pool&) = delete;
    // Kills the processes and waits for their end; whoever awaits a call gets a std::runtime_error.
    ~process_pool();

    // Returns what Function(args...) returns in one of the processes. The arguments are copied by this call; it is
    // submitted when it is awaited. Parameters and result are what wire.hpp can send; a std::string_view parameter is
    // sent as a std::string. Raises remote_exception for what the function raises, process_died when its process did
    // not survive it, process_pool_error, or pool_full. There is no time limit: put a timeout around it. When the task
    // is cancelled, a call that waits is dropped; if it runs, its process is killed and waited for, and then
    // cancelled_error is raised. The pool must outlive the call.
    template <auto Function, class... Args>
    GIRIN_CORO_WRAPPER auto run(const Args&... args)
        -> coro<typename detail::process_signature<decltype(+Function)>::result> {
        using signature = detail::process_signature<decltype(+Function)>;
        return call<typename signature::result>(
            *this, {&signature::template call<Function>, detail::function_name<Function>()},
            signature::encode(args...));
    }

    process_figures figures() const;

    struct state;
    state& core() noexcept { return *state_; }

 private:
    template <class R>
    static coro<R> call(process_pool& pool, detail::process_function function, std::string arguments);

    std::unique_ptr<state> state_;
};

namespace detail {

// The await of one call. The task is woken when the process has answered, or has ended and been waited for.
class GIRIN_EXPORT process_call final : public pool_wait {
 public:
    process_call(process_pool::state& pool, process_function function, std::string arguments);
    ~process_call() override;

    // The result's bytes.
    std::string await_resume();
    bool cancel(const std::string& message) override;
    void loop_closed() noexcept override;

 private:
    friend struct process_pool::state;
    void execute() noexcept override;

    process_pool::state& pool_;
    process_function function_;
    std::string arguments_;
    std::string result_;
    std::exception_ptr raised_;
    // Guarded by the pool's mutex.
    pool_process* process_ = nullptr;  // that is running it
    bool stopped_ = false;
};

}  // namespace detail

template <class R>
coro<R> process_pool::call(process_pool& pool, detail::process_function function, std::string arguments) {
    std::string result = co_await detail::process_call(*pool.state_, function, std::move(arguments));
    detail::wire_reader reader(result);
    if constexpr (std::is_void_v<R>) {
        reader.end();
    } else {
        R value = detail::wire<R>::get(reader);
        reader.end();
        co_return value;
    }
}

}  // namespace girin
