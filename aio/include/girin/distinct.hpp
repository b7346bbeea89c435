// What wait and as_completed are given: futures and tasks, each of them once.
#pragma once

#include <girin/export.hpp>
#include <girin/future.hpp>
#include <girin/pooled_array.hpp>
#include <girin/task.hpp>

#include <concepts>
#include <cstddef>
#include <vector>

namespace girin {

namespace detail {

// A handle of something that will be done: a future, a task, or any_task.
template <class Future>
concept awaited_handle = requires(const Future& f) {
    { f.core()->failed() } -> std::same_as<bool>;
};

struct numbered_core {
    future_core* core;
    std::size_t number;
};

// Sorts by core, and then by number. std::invalid_argument for the null of an empty handle, and for a core of another
// loop than the running one.
GIRIN_EXPORT void check_and_sort(pooled_array<numbered_core>& cores);

// Drops all but the first handle of each future.
template <class Future>
void keep_distinct(std::vector<Future>& futures) {
    pooled_array<numbered_core> cores(futures.size());
    for (std::size_t i = 0; i < futures.size(); ++i) cores[i] = {futures[i].core().get(), i};
    check_and_sort(cores);
    for (std::size_t i = 1; i < cores.size(); ++i)
        if (cores[i].core == cores[i - 1].core) futures[cores[i].number] = Future();
    std::erase_if(futures, [](const Future& f) { return !f; });
}

}  // namespace detail

}  // namespace girin
