#include <girin/gather.hpp>

#include <stdexcept>

namespace girin::detail {

struct gather_core::child_done final : callback_node {
    void run() override {
        ref<gather_core> keep(outer);
        outer->on_done(*child);
    }
    const future_core* serves() const noexcept override { return outer; }

    gather_core* outer = nullptr;
    future_core* child = nullptr;
};

gather_core::gather_core(gather_children children, bool return_exceptions)
    : future_core(false), children_(std::move(children)), return_exceptions_(return_exceptions) {
    for (auto& child : children_)
        if (child->owner() != owner()) throw std::invalid_argument("a child of gather belongs to a different loop");
}

// Whoever awaits a temporary gather that fails drops it: what the others raise later is still reported nowhere.
gather_core::~gather_core() {
    struct ignored final : done_callback {
        void call(ref<future_core> child) override { child->mark_retrieved(); }
    };
    if (!done() || finished_ == children_.size()) return;
    try {
        for (auto& child : children_) {
            if (child->done())
                child->mark_retrieved();
            else
                child->add_callback(std::make_unique<ignored>());
        }
    } catch (...) {  // no memory: it is reported
    }
}

void gather_core::start() {
    if (children_.empty()) {
        collect(children_);
        finish();
        return;
    }
    nodes_ = std::make_unique<child_done[]>(children_.size());
    for (std::size_t i = 0; i < children_.size(); ++i) {
        nodes_[i].outer = this;
        nodes_[i].child = children_[i].get();
        if (!children_[i]->done()) children_[i]->add_callback(nodes_[i]);
    }
    for (auto& child : children_)
        if (child->done()) on_done(*child);
}

future_core* gather_core::passes_cancel_to(std::size_t n) const noexcept {
    return !done() && n < children_.size() ? children_[n].get() : nullptr;
}

bool gather_core::cancel_itself(const std::string& message, passed_on before) {
    if (before.accepted) {
        cancel_requested_ = true;
        cancel_message_ = message;
    }
    return before.accepted;
}

// A child's exception counts as retrieved even if another one has ended the gather before.
void gather_core::on_done(future_core& child) {
    ++finished_;
    child.mark_retrieved();
    if (done()) return;
    if (!return_exceptions_) {
        try {
            child.check_result();
        } catch (...) {
            return set_exception(std::current_exception());
        }
    }
    if (finished_ < children_.size()) return;
    if (cancel_requested_) return set_exception(std::make_exception_ptr(cancelled_error(cancel_message_)));
    try {
        collect(children_);
    } catch (...) {  // a result's copy
        return set_exception(std::current_exception());
    }
    finish();
}

}  // namespace girin::detail
