#include <girin/shield.hpp>

#include <stdexcept>
#include <utility>

namespace girin::detail {

shield_core::shield_core(ref<future_core> inner) : future_core(false), inner_(std::move(inner)), inner_done_(*this) {
    if (inner_->owner() != owner()) throw std::invalid_argument("what is shielded belongs to a different loop");
}

// Shields around shields that nobody else holds go one after another, without recursion.
shield_core::~shield_core() {
    ref<future_core> inner = std::move(inner_);
    while (inner && !inner->shared()) {
        auto* shield = dynamic_cast<shield_core*>(inner.get());
        if (!shield) return;
        ref<future_core> next = std::move(shield->inner_);
        inner = std::move(next);
    }
}

bool shield_core::cancel_itself(const std::string& message, passed_on before) {
    if (!future_core::cancel_itself(message, before)) return false;
    inner_done_.unlink();
    inner_ = {};
    return true;
}

void shield_core::on_done() {
    const ref<shield_core> keep(this);
    const ref<future_core> inner = std::exchange(inner_, {});
    try {
        inner->check_result();
        collect(*inner);
        finish();
    } catch (const cancelled_error& e) {
        if (inner->cancelled()) return set_cancelled(e.message());
        set_exception(std::current_exception());  // of a gather that was cancelled
    } catch (...) {
        set_exception(std::current_exception());
    }
}

}  // namespace girin::detail
