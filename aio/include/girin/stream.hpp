// Streams: what can be done with anything that has a next(), such as an async_generator or as_completed.
//
// Each takes its source over, by value, and returns an async_generator. Nothing runs before its first next(). However
// that ends, by the source's end, an exception, a cancellation or aclose(), the source is closed if it has an aclose(),
// and that is waited for. One that is dropped is destroyed with its source where it stands, as any generator is.
#pragma once

#include <girin/async_generator.hpp>
#include <girin/gather.hpp>
#include <girin/queue.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace girin::stream {

namespace detail {

template <class Awaitable>
auto awaited(Awaitable&& a) {
    if constexpr (requires { a.await_resume(); })
        return std::type_identity<decltype(a.await_resume())>();
    else
        return std::type_identity<decltype(std::forward<Awaitable>(a).operator co_await().await_resume())>();
}

}  // namespace detail

// Something with a next() to await, which gives an item, or nothing at the end.
template <class S>
concept source = std::move_constructible<S> && requires(S& s) {
    { *std::declval<typename decltype(detail::awaited(s.next()))::type>() };
};

template <source S>
using item_of =
    std::remove_cvref_t<decltype(*std::declval<typename decltype(detail::awaited(std::declval<S&>().next()))::type>())>;

namespace detail {

template <class S>
coro<> close(S& s) {
    if constexpr (requires { s.aclose(); }) co_await s.aclose();
    co_return;
}

// What a function returned, or the coroutine that it returned gave.
template <class F, class... Args>
struct result_of {
    using type = std::invoke_result_t<F&, Args...>;
};
template <class F, class... Args>
    requires girin::detail::is_coro<std::invoke_result_t<F&, Args...>>::value
struct result_of<F, Args...> {
    using type = typename std::invoke_result_t<F&, Args...>::value_type;
};
template <class F, class... Args>
using result_of_t = std::remove_cvref_t<typename result_of<F, Args...>::type>;

template <class F, class Arg>
inline constexpr bool awaits = girin::detail::is_coro<std::invoke_result_t<F&, Arg>>::value;

}  // namespace detail

// function(item) for each item; a coroutine that it returns is awaited, one after another.
template <source S, class F>
auto map(S items, F function) -> async_generator<detail::result_of_t<F, item_of<S>>> {
    std::exception_ptr raised;
    try {
        while (auto item = co_await items.next()) {
            if constexpr (detail::awaits<F, item_of<S>>)
                co_yield co_await girin::detail::call(function, *std::move(item));
            else
                co_yield std::invoke(function, *std::move(item));
        }
    } catch (...) {
        raised = std::current_exception();
    }
    co_await detail::close(items);
    if (raised) std::rethrow_exception(raised);
}

// The items for which predicate(item) is true, or the coroutine that it returns gives true.
template <source S, class Predicate>
auto filter(S items, Predicate predicate) -> async_generator<item_of<S>> {
    std::exception_ptr raised;
    try {
        while (auto item = co_await items.next()) {
            bool wanted = false;
            if constexpr (detail::awaits<Predicate, const item_of<S>&>)
                wanted = co_await girin::detail::call(predicate, std::as_const(*item));
            else
                wanted = std::invoke(predicate, std::as_const(*item));
            if (wanted) co_yield *std::move(item);
        }
    } catch (...) {
        raised = std::current_exception();
    }
    co_await detail::close(items);
    if (raised) std::rethrow_exception(raised);
}

// The first n items at most. It ends, and the source is closed, when it is asked for one more.
template <source S>
auto take(S items, std::size_t n) -> async_generator<item_of<S>> {
    std::exception_ptr raised;
    try {
        for (; n != 0; --n) {
            auto item = co_await items.next();
            if (!item) break;
            co_yield *std::move(item);
        }
    } catch (...) {
        raised = std::current_exception();
    }
    co_await detail::close(items);
    if (raised) std::rethrow_exception(raised);
}

// The items in vectors of n; the last may have fewer (itertools.batched). What has been gathered when the source raises
// is lost. std::invalid_argument unless n is at least one.
template <source S>
auto batched(S items, std::size_t n) -> async_generator<std::vector<item_of<S>>> {
    std::exception_ptr raised;
    try {
        if (n == 0) throw std::invalid_argument("n must be at least one");
        for (bool more = true; more;) {
            std::vector<item_of<S>> batch;
            while (more && batch.size() < n) {
                auto item = co_await items.next();
                more = static_cast<bool>(item);
                if (more) batch.push_back(*std::move(item));
            }
            if (!batch.empty()) co_yield std::move(batch);
        }
    } catch (...) {
        raised = std::current_exception();
    }
    co_await detail::close(items);
    if (raised) std::rethrow_exception(raised);
}

// The items, each of which has to come within `each` of being asked for; else timeout_error is raised.
template <source S>
auto timeout(std::chrono::nanoseconds each, S items) -> async_generator<item_of<S>> {
    auto next = [&]() -> coro<std::optional<item_of<S>>> {
        auto item = co_await items.next();
        if (item) co_return *std::move(item);
        co_return std::nullopt;
    };
    std::exception_ptr raised;
    try {
        while (auto item = co_await girin::timeout(each, next)) co_yield *std::move(item);
    } catch (...) {
        raised = std::current_exception();
    }
    co_await detail::close(items);
    if (raised) std::rethrow_exception(raised);
}

namespace detail {

template <class T>
struct merged {
    explicit merged(std::size_t sources) : left(sources) {}

    queue<T> items{1};
    std::size_t left;
    std::exception_ptr raised;

    void ended(std::exception_ptr e) {
        if (e && !raised) raised = std::move(e);
        if (--left == 0 || raised) items.shutdown();
    }
};

template <class S, class T>
coro<> pump(S source, std::shared_ptr<merged<T>> to) {
    std::exception_ptr raised;
    try {
        while (auto item = co_await source.next()) co_await to->items.put(*std::move(item));
    } catch (...) {
        raised = std::current_exception();
    }
    try {
        co_await close(source);
    } catch (...) {
        raised = std::current_exception();
    }
    to->ended(raised);
}

struct cancel_at_end {
    std::vector<task<>> tasks;

    cancel_at_end() = default;
    cancel_at_end(const cancel_at_end&) = delete;
    cancel_at_end& operator=(const cancel_at_end&) = delete;
    ~cancel_at_end() {
        for (auto& t : tasks) t.cancel();
    }
};

}  // namespace detail

// The items of all sources, as they come. Each source is asked in a task of its own, and is one item ahead. When one
// raises, the others are cancelled and closed, and then that is raised.
template <source S, source... More>
    requires(std::same_as<item_of<S>, item_of<More>> && ...)
auto merge(S first, More... more) -> async_generator<item_of<S>> {
    auto state = std::make_shared<detail::merged<item_of<S>>>(1 + sizeof...(more));
    detail::cancel_at_end pumps;
    std::exception_ptr raised;
    try {
        pumps.tasks.reserve(1 + sizeof...(more));
        pumps.tasks.push_back(create_task(detail::pump(std::move(first), state), {.eager_start = true}));
        (pumps.tasks.push_back(create_task(detail::pump(std::move(more), state), {.eager_start = true})), ...);
        for (;;) co_yield co_await state->items.get();
    } catch (const queue_shut_down&) {
        raised = state->raised;
    } catch (...) {
        raised = std::current_exception();
    }
    for (auto& t : pumps.tasks) t.cancel();
    co_await gather(return_exceptions, pumps.tasks);
    if (raised) std::rethrow_exception(raised);
}

}  // namespace girin::stream
