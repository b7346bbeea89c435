// context: the values that context variables have for a task, a callback or a thread (contextvars.Context).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace girin {

class context;
template <class T>
class context_var;

namespace detail {

// What contexts are made of. Counted atomically, because a context goes to other threads with what is called there.
class GIRIN_EXPORT context_part : public pooled {
 public:
    context_part(const context_part&) = delete;
    context_part& operator=(const context_part&) = delete;

    void add_ref() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    bool shared() const noexcept { return references_.load(std::memory_order_acquire) > 1; }

 protected:
    context_part() = default;
    virtual ~context_part();

 private:
    std::atomic<unsigned> references_ = 0;
};

template <class T>
struct context_value final : context_part {
    explicit context_value(T v) : value(std::move(v)) {}
    const T value;
};

class context_bindings;

// A table of values that never changes while it is shared, or a context of its own that points at one.
class GIRIN_EXPORT context_values : public context_part {
 public:
    virtual context_bindings* bindings() noexcept = 0;
};

// A context of its own, with an identity: others see what is set in it.
class context_cell;

// Where a task, a callback or a thread has its context. Null as long as no variable was set, and a copy shares the
// values, so a program that uses none pays a test of a pointer.
class GIRIN_EXPORT context_slot {
 public:
    constexpr context_slot() noexcept = default;
    explicit context_slot(const context& shared) noexcept;
    // A copy of the context that was given, or of the current one.
    static context_slot given_or_current(const std::optional<context>& given) noexcept;

    // That of what runs now: the current task's, else that of the callback, else the thread's own.
    static context_slot& current() noexcept;
    static context_slot& of_thread() noexcept;
    // The same values, in a context that nobody else sees.
    context_slot copy() const noexcept { return values_ ? copy_values() : context_slot(); }
    context share();

    ref<context_part> find(std::uint64_t variable) const noexcept;
    // Null takes the value away. Returns what was there.
    ref<context_part> exchange(std::uint64_t variable, ref<context_part> value);
    bool is(const context& other) const noexcept;

    void swap(context_slot& other) noexcept { std::swap(values_, other.values_); }

 private:
    friend class girin::context;
    explicit context_slot(ref<context_values> values) noexcept : values_(std::move(values)) {}
    context_slot copy_values() const noexcept;
    context_cell& own_cell();

    ref<context_values> values_;
};

// While it lives, what runs here runs in the context of a slot.
class GIRIN_EXPORT context_scope {
 public:
    explicit context_scope(context_slot& inside) noexcept : current_(context_slot::current()), inside_(inside) {
        current_.swap(inside_);
    }
    context_scope(const context_scope&) = delete;
    context_scope& operator=(const context_scope&) = delete;
    ~context_scope() { current_.swap(inside_); }

 private:
    context_slot& current_;
    context_slot& inside_;
};

// std::invoke in a context that is not touched: what the function sets is gone when it returns.
template <class F, class... Args>
decltype(auto) invoke_in(const context_slot& context, F& function, Args&&... args) {
    context_slot inside = context.copy();
    context_scope scope(inside);
    return std::invoke(function, std::forward<Args>(args)...);
}

}  // namespace detail

// Copies of the handle mean the same context. It may be handed to another thread, but be used in one at a time.
class GIRIN_EXPORT context {
 public:
    // Without any value.
    context();

    // The same values, in a context of its own. Does not copy the values themselves.
    context copy() const;

    // Calls the function inside the context and returns what it returns: it sees the values that were set here, and
    // what it sets stays here. A coroutine that it returns runs wherever it is awaited; give that `create_task(work(),
    // {.context = c})`. May be called inside itself, unlike asyncio's.
    template <class F, class... Args>
    decltype(auto) run(F&& function, Args&&... args) const {
        detail::context_slot inside(*this);
        detail::context_scope scope(inside);
        return std::invoke(std::forward<F>(function), std::forward<Args>(args)...);
    }

    // What the variable was set to here, or nothing.
    template <class T>
    std::optional<T> get(const context_var<T>& variable) const {
        auto found = detail::context_slot(*this).find(variable.number());
        if (!found) return std::nullopt;
        return static_cast<const detail::context_value<T>&>(*found).value;
    }

    friend bool operator==(const context& a, const context& b) noexcept { return a.cell_.get() == b.cell_.get(); }

 private:
    friend class detail::context_slot;
    explicit context(detail::ref<detail::context_values> cell) noexcept : cell_(std::move(cell)) {}

    detail::ref<detail::context_values> cell_;
};

// A copy of the context that this runs in.
GIRIN_EXPORT context copy_context();

inline detail::context_slot detail::context_slot::given_or_current(const std::optional<context>& given) noexcept {
    return given ? context_slot(*given) : current().copy();
}

}  // namespace girin
