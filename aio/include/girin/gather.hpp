// gather: runs awaitables concurrently and collects their results in order (asyncio.gather).
#pragma once

#include <girin/future.hpp>
#include <girin/task.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
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
    explicit settled(future<T> child) : child_(std::move(child)), exception_(settle(child_)) {}

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

using gather_children = std::vector<ref<future_core>>;

// Follows asyncio's _GatheringFuture, but is not kept alive by its children: one that nobody holds is forgotten.
class GIRIN_EXPORT gather_core : public future_core {
 public:
    // Throws std::invalid_argument when a child belongs to a different loop.
    gather_core(gather_children children, bool return_exceptions);
    void start();

 protected:
    ~gather_core() override;
    future_core* passes_cancel_to(std::size_t n) const noexcept override;
    bool cancel_itself(const std::string& message, passed_on before) override;
    // Puts the results in place; every child is done.
    virtual void collect(const gather_children& children) = 0;
    const char* unretrieved_report() const noexcept override { return "gather exception was never retrieved"; }

 private:
    struct child_done;
    void on_done(future_core& child);

    gather_children children_;
    std::unique_ptr<child_done[]> nodes_;
    std::size_t finished_ = 0;
    bool return_exceptions_;
    bool cancel_requested_ = false;
};

template <class Result>
class gather_state final : public with_value<Result, gather_core> {
 public:
    using collector = Result (*)(const gather_children& children);

    gather_state(gather_children children, bool with_exceptions, collector c)
        : with_value<Result, gather_core>(std::move(children), with_exceptions), collector_(c) {}

 private:
    void collect(const gather_children& children) override { this->emplace(collector_(children)); }
    collector collector_;
};

template <class Result>
future<Result> start_gather(gather_children children, bool with_exceptions,
                            typename gather_state<Result>::collector collector) {
    auto* state = new gather_state<Result>(std::move(children), with_exceptions, collector);
    future<Result> outer{ref<future_core>(state)};
    state->start();
    return outer;
}

template <class T>
ref<future_core> gather_child(coro<T> work) {
    task<T> made = create_task(std::move(work));
    static_cast<task_core&>(*made.core()).abandon_quietly();
    return made.core();
}
template <class Wait>
ref<future_core> gather_child(operation<Wait> what) {
    return gather_child(as_coro(std::move(what)));
}
template <class T>
ref<future_core> gather_child(const future<T>& child) {
    return child.core();
}

template <class Awaitable>
gather_children gather_children_of(std::vector<Awaitable>& awaitables) {
    gather_children children;
    children.reserve(awaitables.size());
    for (Awaitable& awaitable : awaitables) children.push_back(gather_child(std::move(awaitable)));
    return children;
}

// What one child contributes to the results: std::monostate if it is void.
template <class T>
using gathered = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
// The same in a vector, which cannot hold references.
template <class T>
using gathered_item =
    std::conditional_t<std::is_reference_v<T>, std::reference_wrapper<std::remove_reference_t<T>>, gathered<T>>;

template <class T>
gathered<T> take_gathered(future_core& child) {
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return take_value<T>(child);
}

template <class... T>
std::tuple<gathered<T>...> collect_tuple(const gather_children& children) {
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return std::tuple<gathered<T>...>(take_gathered<T>(*children[index])...);
    }(std::index_sequence_for<T...>());
}

template <class... T>
std::tuple<settled<T>...> settle_tuple(const gather_children& children) {
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return std::tuple<settled<T>...>(settled<T>(future<T>(children[index]))...);
    }(std::index_sequence_for<T...>());
}

template <class T>
std::vector<gathered_item<T>> collect_vector(const gather_children& children) {
    std::vector<gathered_item<T>> results;
    results.reserve(children.size());
    for (const auto& child : children) results.push_back(take_gathered<T>(*child));
    return results;
}

template <class T>
std::vector<settled<T>> settle_vector(const gather_children& children) {
    std::vector<settled<T>> results;
    results.reserve(children.size());
    for (const auto& child : children) results.emplace_back(future<T>(child));
    return results;
}

}  // namespace detail

// Makes tasks of the coroutines and returns the future of a tuple of all results (std::monostate for void). The first
// exception completes it at once and the other children run on; cancelling it cancels every child. A result is moved
// out of a child that nobody else holds, and copied otherwise.
template <class... Awaitables>
auto gather(Awaitables... awaitables) {
    using results = std::tuple<detail::gathered<typename Awaitables::value_type>...>;
    return detail::start_gather<results>({detail::gather_child(std::move(awaitables))...}, false,
                                         &detail::collect_tuple<typename Awaitables::value_type...>);
}

// Waits for every child, and yields a settled<T> for each.
template <class... Awaitables>
auto gather(return_exceptions_t, Awaitables... awaitables) {
    using results = std::tuple<settled<typename Awaitables::value_type>...>;
    return detail::start_gather<results>({detail::gather_child(std::move(awaitables))...}, true,
                                         &detail::settle_tuple<typename Awaitables::value_type...>);
}

// The same for any number of awaitables of one type, with vectors of results.
template <class Awaitable>
auto gather(std::vector<Awaitable> awaitables) {
    using T = typename Awaitable::value_type;
    return detail::start_gather<std::vector<detail::gathered_item<T>>>(detail::gather_children_of(awaitables), false,
                                                                       &detail::collect_vector<T>);
}

template <class Awaitable>
auto gather(return_exceptions_t, std::vector<Awaitable> awaitables) {
    using T = typename Awaitable::value_type;
    return detail::start_gather<std::vector<settled<T>>>(detail::gather_children_of(awaitables), true,
                                                         &detail::settle_vector<T>);
}

}  // namespace girin
