// use_coro: the completion token that makes any Asio operation awaitable, and cancellable, in our tasks:
//
//     std::size_t n = co_await socket.async_read_some(buffer, girin::use_coro);
//
// An operation whose handler takes an error_code raises boost::system::system_error instead. Cancelling the task emits
// a terminal cancellation; the operation is waited for even if it ignores that, because it may still touch its buffers.
// An operation of an executor with threads of its own completes on the loop too, but cannot be cancelled safely.
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/loop.hpp>
#include <girin/wait_point.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace girin {

struct use_coro_t {};
inline constexpr use_coro_t use_coro{};

// The io_context under the running loop, for making Asio's sockets, timers and resolvers. Do not run it yourself.
GIRIN_EXPORT boost::asio::io_context& get_io_context();

namespace detail {

// Counts an operation of Asio's as something the loop waits for. Throws std::runtime_error outside a task.
GIRIN_EXPORT void foreign_operation_started();
GIRIN_EXPORT void foreign_operation_finished() noexcept;

// What the handler's arguments become: the error_code in front is raised, and the rest returned.
template <class... Args>
struct asio_result {
    using type = std::tuple<std::decay_t<Args>...>;
    template <class... A>
    static type make(A&&... args) {
        return type(std::forward<A>(args)...);
    }
};
template <class... Args>
struct asio_result<boost::system::error_code, Args...> {
    using type = std::tuple<std::decay_t<Args>...>;
    template <class... A>
    static type make(const boost::system::error_code& error, A&&... args) {
        if (error) throw boost::system::system_error(error);
        return type(std::forward<A>(args)...);
    }
};
template <class... Args>
struct asio_result<std::exception_ptr, Args...> {
    using type = std::tuple<std::decay_t<Args>...>;
    template <class... A>
    static type make(const std::exception_ptr& error, A&&... args) {
        if (error) std::rethrow_exception(error);
        return type(std::forward<A>(args)...);
    }
};

// What the await gives: nothing, the one value, or all of them as a tuple.
template <class Tuple>
struct asio_value {
    using type = Tuple;
};
template <class T>
struct asio_value<std::tuple<T>> {
    using type = T;
};
template <>
struct asio_value<std::tuple<>> {
    using type = void;
};

template <class Initiate, class... Args>
class asio_wait final : public wait_point {
 public:
    using result_type = typename asio_result<std::decay_t<Args>...>::type;
    using value_type = typename asio_value<result_type>::type;

    explicit asio_wait(Initiate initiate) : initiate_(std::move(initiate)) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
        foreign_operation_started();
        try {
            initiate_(handler{this});
        } catch (...) {
            if (!arguments_) foreign_operation_finished();
            throw;
        }
        suspend(caller);
        if (arguments_ && !linked()) wake();  // it completed inside the initiation
    }
    value_type await_resume() {
        resumed();
        result_type result =
            std::apply([](auto&&... args) { return asio_result<std::decay_t<Args>...>::make(std::move(args)...); },
                       std::move(*arguments_));
        if constexpr (std::tuple_size_v<result_type> == 1)
            return std::get<0>(std::move(result));
        else if constexpr (std::tuple_size_v<result_type> != 0)
            return result;
    }
    // The operation decides when it ends; the task then raises cancelled_error, whatever the operation brought.
    bool cancel(const std::string&) override {
        signal_.emit(boost::asio::cancellation_type::terminal);
        return false;
    }
    // Before it is awaited: the same operation, for another await.
    Initiate release() { return std::move(initiate_); }

 private:
    struct handler {
        using cancellation_slot_type = boost::asio::cancellation_slot;
        cancellation_slot_type get_cancellation_slot() const noexcept { return wait->signal_.slot(); }
        // An operation of another thread's executor comes back to this loop.
        using executor_type = boost::asio::any_io_executor;
        executor_type get_executor() const noexcept { return wait->executor_; }

        template <class... A>
        void operator()(A&&... args) {
            wait->arguments_.emplace(std::forward<A>(args)...);
            wait->signal_.slot().clear();  // what a cancellation would reach may be gone
            foreign_operation_finished();
            if (wait->suspended()) wait->wake();
        }

        asio_wait* wait;
    };

    Initiate initiate_;
    boost::asio::any_io_executor executor_ = get_io_context().get_executor();
    boost::asio::cancellation_signal signal_;
    std::optional<std::tuple<std::decay_t<Args>...>> arguments_;
};

// The same without the type of its initiation, for functions that have to name their return type before they know it
// (some of Beast's). It takes a coroutine.
template <class... Args>
class [[nodiscard]] asio_operation {
 public:
    using value_type = typename asio_value<typename asio_result<std::decay_t<Args>...>::type>::type;

    template <class Initiate>
    asio_operation(asio_wait<Initiate, Args...>&& wait) : work_(perform(wait.release())) {}
    auto operator co_await() && { return std::move(work_).operator co_await(); }

 private:
    template <class Initiate>
    static coro<value_type> perform(Initiate initiate) {
        co_return co_await asio_wait<Initiate, Args...>(std::move(initiate));
    }

    coro<value_type> work_;
};

}  // namespace detail

}  // namespace girin

template <class... Args>
class boost::asio::async_result<girin::use_coro_t, void(Args...)> {
 public:
    using return_type = girin::detail::asio_operation<Args...>;

    template <class Initiation, class... InitArgs>
    static auto initiate(Initiation&& initiation, const girin::use_coro_t&, InitArgs&&... args) {
        auto start =
            [initiation = std::forward<Initiation>(initiation),
             arguments = std::tuple<std::decay_t<InitArgs>...>(std::forward<InitArgs>(args)...)](auto handler) mutable {
                std::apply([&](auto&&... a) { std::move(initiation)(std::move(handler), std::move(a)...); },
                           std::move(arguments));
            };
        return girin::detail::asio_wait<decltype(start), Args...>(std::move(start));
    }
};
