#include "aio/callback_list.hpp"
#include "aio/loop_core.hpp"

#include <girin/future.hpp>
#include <girin/task.hpp>

#include <cstdio>
#include <vector>

namespace girin::detail {

// Where add_done_callback's callbacks live until they have run.
struct owned_callback final : callback_node {
    owned_callback(std::size_t n, std::unique_ptr<callback_node> c, loop_core& l)
        : number(n), callback(std::move(c)), loop(l) {}

    void run() override {
        std::unique_ptr<owned_callback> self(this);
        try {
            callback->run();
        } catch (const keyboard_interrupt&) {
            throw;
        } catch (...) {
            loop.report("Exception in callback", std::current_exception());
        }
    }
    void drop() noexcept override { delete this; }

    std::size_t number;
    std::unique_ptr<callback_node> callback;
    loop_core& loop;
};

struct future_core::callbacks {
    callback_list list;
    std::vector<owned_callback*> owned;
    std::size_t next_number = 1;
};

future_core::future_core() : loop_(&loop_core::running()) {}

future_core::~future_core() = default;

void future_core::report_unretrieved() noexcept {
    if (loop_core::current() == loop_)
        loop_->report(unretrieved_report(), exception_, name());
    else  // the loop may be gone
        std::fprintf(stderr, "%s\n", unretrieved_report());
}

void future_core::require_pending() const {
    if (done()) throw invalid_state_error("the future is already done");
}

bool future_core::cancel(const std::string& message) {
    unretrieved_ = false;
    if (done()) return false;
    set_cancelled(message);
    return true;
}

void future_core::check_result() {
    if (state_ == state::pending) throw invalid_state_error("Result is not set.");
    if (state_ == state::cancelled) throw cancelled_error(message_);
    unretrieved_ = false;
    if (exception_) std::rethrow_exception(exception_);
}

std::exception_ptr future_core::exception() {
    if (state_ == state::pending) throw invalid_state_error("Exception is not set.");
    if (state_ == state::cancelled) throw cancelled_error(message_);
    unretrieved_ = false;
    return exception_;
}

void future_core::finish() {
    settle(state::finished);
}

void future_core::set_exception(std::exception_ptr exception) {
    require_pending();
    exception_ = std::move(exception);
    unretrieved_ = true;
    settle(state::finished);
}

void future_core::set_cancelled(std::string message) {
    message_ = std::move(message);
    settle(state::cancelled);
}

void future_core::settle(state s) {
    state_ = s;
    if (!callbacks_) return;
    callbacks_->owned.clear();
    loop_->ready.append(callbacks_->list);
}

void future_core::add_callback(callback_node& node) {
    if (done()) {
        loop_->ready.push_back(node);
        return;
    }
    if (!callbacks_) callbacks_ = std::make_unique<callbacks>();
    callbacks_->list.push_back(node);
}

std::size_t future_core::add_callback(std::unique_ptr<callback_node> node) {
    if (!callbacks_) callbacks_ = std::make_unique<callbacks>();
    auto* kept = new owned_callback(callbacks_->next_number++, std::move(node), *loop_);
    if (!done()) callbacks_->owned.push_back(kept);
    std::size_t number = kept->number;
    add_callback(*kept);
    return number;
}

std::size_t future_core::remove_callback(std::size_t number) {
    if (!callbacks_) return 0;
    return std::erase_if(callbacks_->owned, [&](owned_callback* callback) {
        if (callback->number != number) return false;
        delete callback;
        return true;
    });
}

void future_wait::await_suspend(std::coroutine_handle<> caller) {
    loop_core& running = loop_core::running();
    if (&core_.owner() != &running) throw std::runtime_error("this future is attached to a different loop");
    if (running.current_task == &core_) throw std::runtime_error("Task cannot await on itself");
    suspend(caller);
    core_.add_callback(*this);
}

bool future_wait::cancel(const std::string& message) {
    return core_.cancel(message);
}

}  // namespace girin::detail
