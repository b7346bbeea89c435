// context_var<T>: a variable of which each task has its own value (contextvars.ContextVar).
#pragma once

#include <girin/context.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace girin {

namespace detail {

GIRIN_EXPORT std::uint64_t new_context_variable() noexcept;
[[noreturn]] GIRIN_EXPORT void throw_unset(const std::string& variable);
// Throws unless the token is of this variable, unused, and of the current context.
GIRIN_EXPORT void check_token(bool used, bool same_variable, bool same_context);

}  // namespace detail

// What set() returns, so that reset() can take it back (contextvars.Token). May be dropped.
template <class T>
class context_token {
 public:
    context_token(context_token&&) noexcept = default;
    context_token& operator=(context_token&&) noexcept = default;

    // The value before set(), or nothing if there was none.
    std::optional<T> old_value() const {
        if (!old_) return std::nullopt;
        return static_cast<const detail::context_value<T>&>(*old_).value;
    }

 private:
    friend class context_var<T>;
    context_token(std::uint64_t variable, detail::ref<detail::context_part> old)
        : variable_(variable), context_(detail::context_slot::current().share()), old_(std::move(old)) {}

    std::uint64_t variable_;
    context context_;
    detail::ref<detail::context_part> old_;
    bool used_ = false;
};

// Takes set() back at the end of its block.
template <class T>
class [[nodiscard]] context_guard {
 public:
    context_guard(const context_guard&) = delete;
    context_guard& operator=(const context_guard&) = delete;
    // A frame that is destroyed outside of its task, because the loop is closed, has nothing to take back.
    ~context_guard() {
        if (variable_.set_here(token_)) variable_.reset(token_);
    }

 private:
    friend class context_var<T>;
    context_guard(const context_var<T>& variable, T value)
        : variable_(variable), token_(variable.set(std::move(value))) {}

    const context_var<T>& variable_;
    context_token<T> token_;
};

// Defined once, in a source file, like any global variable: each definition is a variable of its own, also if the name
// is the same. A task starts with the values of who created it, and neither sees what the other sets from then on; so
// do callbacks (call_soon, call_later, add_done_callback, signal handlers) and to_thread's functions. What is awaited
// without a task of its own shares the caller's values. May be used in any thread. T is copied where it is
// read, so big values are best kept as std::shared_ptr<const …>, and what belongs to a loop, such as a queue, is not to
// be read in another thread.
template <class T>
class context_var {
 public:
    explicit context_var(std::string name) : name_(std::move(name)) {}
    context_var(std::string name, T default_value) : name_(std::move(name)), default_(std::move(default_value)) {}
    context_var(const context_var&) = delete;
    context_var& operator=(const context_var&) = delete;

    // The value in the current context, else the variable's default, else std::out_of_range.
    T get() const {
        if (auto found = find()) return static_cast<const detail::context_value<T>&>(*found).value;
        if (!default_) detail::throw_unset(name_);
        return *default_;
    }
    // The value in the current context, else the fallback.
    T get(T fallback) const {
        if (auto found = find()) return static_cast<const detail::context_value<T>&>(*found).value;
        return fallback;
    }

    context_token<T> set(T value) const {
        detail::ref<detail::context_part> made(new detail::context_value<T>(std::move(value)));
        return context_token<T>(number_, detail::context_slot::current().exchange(number_, std::move(made)));
    }
    // The same until the end of the block: `auto restored = user.set_guard("Ada");`
    context_guard<T> set_guard(T value) const { return context_guard<T>(*this, std::move(value)); }

    // Puts back what was there before set(). std::runtime_error when the token has been used, std::invalid_argument
    // when it is another variable's or was made in another context.
    void reset(context_token<T>& token) const {
        detail::check_token(token.used_, token.variable_ == number_, set_here(token));
        detail::context_slot::current().exchange(number_, token.old_);
        token.used_ = true;
    }

    const std::string& name() const noexcept { return name_; }
    // Unique in the process, and never used again.
    std::uint64_t number() const noexcept { return number_; }

 private:
    friend class context_guard<T>;
    detail::ref<detail::context_part> find() const { return detail::context_slot::current().find(number_); }
    static bool set_here(const context_token<T>& token) { return detail::context_slot::current().is(token.context_); }

    const std::uint64_t number_ = detail::new_context_variable();
    const std::string name_;
    const std::optional<T> default_ = std::nullopt;
};

}  // namespace girin
