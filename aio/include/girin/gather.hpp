// gather: runs awaitables concurrently and collects their results in order (asyncio.gather).
#pragma once

#include <girin/future.hpp>
#include <girin/task.hpp>

#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace girin {

struct return_exceptions_t {};
inline constexpr return_exceptions_t return_exceptions{};

// One child's end, from gather(return_exceptions, …): its value, or its exception (cancelled_error included).
template <class T>
class settled {
 public:
    explicit settled(const future<T>& child) : child_(child), exception_(settle(child)) {}

    bool has_value() const noexcept { return !exception_; }
    // The value; raises the exception.
    decltype(auto) value() const { return child_.result(); }
    std::exception_ptr exception() const noexcept { return exception_; }

 private:
    static std::exception_ptr settle(const future<T>& child) {
        try {
            return child.exception();
        } catch (const cancelled_error&) {
            return std::current_exception();
        }
    }

    future<T> child_;
    std::exception_ptr exception_;
};

namespace detail {

// What void children contribute to the results.
template <class T>
using gathered = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
gathered<T> take_result(const future<T>& child) {
    if constexpr (std::is_void_v<T>)
        return {};
    else if constexpr (std::is_copy_constructible_v<T>)
        return child.result();
    else
        return std::move(const_cast<T&>(child.result()));
}

// Follows asyncio's _GatheringFuture. Kept alive by its children until the last of them is done.
class GIRIN_EXPORT gather_core : public future_core {
 public:
    gather_core(std::vector<ref<future_core>> children, bool return_exceptions);
    bool cancel(const std::string& message) override;
    void start();

 protected:
    ~gather_core() override;
    // Puts the results in place; every child is done.
    virtual void collect() = 0;

 private:
    struct child_done;
    void on_done(future_core& child);

    std::vector<ref<future_core>> children_;
    std::unique_ptr<child_done[]> nodes_;
    std::size_t finished_ = 0;
    bool return_exceptions_;
    bool cancel_requested_ = false;
    std::string cancel_message_;
};

template <class Result, class Collect>
class gather_state final : public with_value<Result, gather_core> {
 public:
    gather_state(std::vector<ref<future_core>> children, bool with_exceptions, Collect collect)
        : with_value<Result, gather_core>(std::move(children), with_exceptions), collect_(std::move(collect)) {}

 private:
    void collect() override { this->emplace(collect_()); }
    Collect collect_;
};

template <class Collect>
auto start_gather(std::vector<ref<future_core>> children, bool with_exceptions, Collect collect) {
    using result = decltype(collect());
    auto* state = new gather_state<result, Collect>(std::move(children), with_exceptions, std::move(collect));
    future<result> outer{ref<future_core>(state)};
    state->start();
    return outer;
}

}  // namespace detail

// Makes tasks of the coroutines and returns the future of a tuple of all results (std::monostate for void). The first
// exception completes it at once and the other children run on; cancelling it cancels every child.
template <class... Awaitables>
auto gather(Awaitables... awaitables) {
    return std::apply(
        [](auto... children) {
            return detail::start_gather({children.core()...}, false,
                                        [=] { return std::tuple(detail::take_result(children)...); });
        },
        std::tuple{future<typename Awaitables::value_type>(ensure_future(std::move(awaitables)))...});
}

// Waits for every child, and yields a settled<T> for each.
template <class... Awaitables>
auto gather(return_exceptions_t, Awaitables... awaitables) {
    return std::apply(
        [](auto... children) {
            return detail::start_gather({children.core()...}, true, [=] { return std::tuple(settled(children)...); });
        },
        std::tuple{future<typename Awaitables::value_type>(ensure_future(std::move(awaitables)))...});
}

namespace detail {

template <class Awaitable>
auto ensure_futures(std::vector<Awaitable> awaitables) {
    std::vector<future<typename Awaitable::value_type>> children;
    children.reserve(awaitables.size());
    for (Awaitable& awaitable : awaitables) children.push_back(ensure_future(std::move(awaitable)));
    return children;
}

template <class T>
std::vector<ref<future_core>> cores_of(const std::vector<future<T>>& children) {
    std::vector<ref<future_core>> cores;
    cores.reserve(children.size());
    for (const future<T>& child : children) cores.push_back(child.core());
    return cores;
}

}  // namespace detail

// The same for any number of awaitables of one type.
template <class Awaitable>
auto gather(std::vector<Awaitable> awaitables) {
    auto children = detail::ensure_futures(std::move(awaitables));
    auto cores = detail::cores_of(children);
    return detail::start_gather(std::move(cores), false, [children = std::move(children)] {
        std::vector<detail::gathered<typename Awaitable::value_type>> results;
        results.reserve(children.size());
        for (const auto& child : children) results.push_back(detail::take_result(child));
        return results;
    });
}

template <class Awaitable>
auto gather(return_exceptions_t, std::vector<Awaitable> awaitables) {
    auto children = detail::ensure_futures(std::move(awaitables));
    auto cores = detail::cores_of(children);
    return detail::start_gather(std::move(cores), true, [children = std::move(children)] {
        return std::vector<settled<typename Awaitable::value_type>>(children.begin(), children.end());
    });
}

}  // namespace girin
