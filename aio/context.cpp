#include "aio/loop_core.hpp"

#include <girin/context.hpp>
#include <girin/context_var.hpp>
#include <girin/task.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace girin {

namespace detail {

namespace {

std::atomic<std::uint64_t> variables_so_far = 0;

// What runs in no task: callbacks put their own context here.
[[gnu::tls_model("initial-exec")]] constinit thread_local context_slot thread_context;

}  // namespace

struct binding {
    std::uint64_t variable;
    ref<context_part> value;
};

class context_bindings final : public context_values {
 public:
    context_bindings() = default;
    explicit context_bindings(const std::vector<binding>& b) : bound(b) {}
    context_bindings* bindings() noexcept override { return this; }

    std::vector<binding> bound;  // few, so a search in order is the fastest
};

class context_cell final : public context_values {
 public:
    explicit context_cell(ref<context_bindings> values) : bindings_(std::move(values)) {}
    context_bindings* bindings() noexcept override { return bindings_.get(); }

    // The values, to be changed: nobody else has them.
    std::vector<binding>& own_values() {
        if (!bindings_)
            bindings_ = ref(new context_bindings);
        else if (bindings_->shared())
            bindings_ = ref(new context_bindings(bindings_->bound));
        return bindings_->bound;
    }

 private:
    ref<context_bindings> bindings_;
};

context_part::~context_part() = default;

context_slot::context_slot(const context& shared) noexcept : values_(shared.cell_) {}

context_slot& context_slot::current() noexcept {
    loop_core* loop = loop_core::current();
    return loop && loop->current_task ? loop->current_task->context_ : thread_context;
}

context_slot& context_slot::of_thread() noexcept {
    return thread_context;
}

context_slot context_slot::copy_values() const noexcept {
    return context_slot(ref<context_values>(values_->bindings()));
}

context_cell& context_slot::own_cell() {
    auto* cell = dynamic_cast<context_cell*>(values_.get());
    if (!cell) {
        cell = new context_cell(ref(values_ ? values_->bindings() : nullptr));
        values_ = ref<context_values>(cell);
    }
    return *cell;
}

context context_slot::share() {
    own_cell();
    return context(values_);
}

bool context_slot::is(const context& other) const noexcept {
    return values_.get() == other.cell_.get();
}

ref<context_part> context_slot::find(std::uint64_t variable) const noexcept {
    if (context_bindings* bindings = values_ ? values_->bindings() : nullptr)
        for (const binding& b : bindings->bound)
            if (b.variable == variable) return b.value;
    return {};
}

ref<context_part> context_slot::exchange(std::uint64_t variable, ref<context_part> value) {
    std::vector<binding>& bound = own_cell().own_values();
    auto found = std::find_if(bound.begin(), bound.end(), [&](const binding& b) { return b.variable == variable; });
    if (found == bound.end()) {
        if (value) bound.push_back({variable, std::move(value)});
        return {};
    }
    if (value) return std::exchange(found->value, std::move(value));
    ref<context_part> old = std::move(found->value);
    bound.erase(found);
    return old;
}

std::uint64_t new_context_variable() noexcept {
    return variables_so_far.fetch_add(1, std::memory_order_relaxed) + 1;
}

void throw_unset(const std::string& variable) {
    throw std::out_of_range("the context variable " + variable + " has no value here");
}

void check_token(bool used, bool same_variable, bool same_context) {
    if (used) throw std::runtime_error("the token has been used already");
    if (!same_variable) throw std::invalid_argument("the token was made by a different context variable");
    if (!same_context) throw std::invalid_argument("the token was made in a different context");
}

}  // namespace detail

using detail::context_slot;

context::context() : context(context_slot().share()) {}

context context::copy() const {
    return context_slot(*this).copy().share();
}

context copy_context() {
    return context_slot::current().copy().share();
}

}  // namespace girin
