#include "aio/loop_core.hpp"

#include <girin/future.hpp>
#include <girin/task.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <memory_resource>
#include <vector>

namespace girin::detail {

// Where a done_callback lives until it has run.
struct future_core::owned_callback final : callback_node {
    owned_callback(std::size_t n, std::unique_ptr<done_callback> c, loop_core& l, context_slot in)
        : number(n), callback(std::move(c)), loop(l), context(std::move(in)) {}

    void run() override {
        std::unique_ptr<owned_callback> self(this);
        context_scope in_its_context(context);
        try {
            callback->call(std::move(done));
        } catch (const keyboard_interrupt&) {
            throw;
        } catch (...) {
            loop.report("Exception in callback", std::current_exception());
        }
    }
    void drop() noexcept override { delete this; }

    std::size_t number;
    std::unique_ptr<done_callback> callback;
    loop_core& loop;
    context_slot context;
    ref<future_core> done;  // once it is: a pending future must not keep itself alive
};

struct future_core::owned_callbacks {
    std::vector<owned_callback*> pending;
    std::size_t last_number = 0;
};

future_core::future_core(bool settable) : home_(loop_core::running().home), settable_(settable) {
    ++home_->references;
}

future_core::~future_core() {
    home_->release();
}

loop_core* future_core::owner() const noexcept {
    return home_->loop;
}

loop& future_core::get_loop() const {
    if (!owner()) throw std::runtime_error("the loop of this future is gone");
    return owner()->owner;
}

void future_core::report_unretrieved() noexcept {
    loop_core* loop = owner();
    if (!loop) {
        std::fprintf(stderr, "%s\n", unretrieved_report());
        return;
    }
    try {
        loop->report(unretrieved_report(), exception_, name(), call_stack());
    } catch (...) {  // keyboard_interrupt out of the handler cannot be raised from here
    }
}

void future_core::require_own_thread() const {
    if (const loop_core* loop = owner()) loop->require_own_thread();
}

void future_core::require_settable() const {
    require_own_thread();
    if (!settable_) throw std::runtime_error("the outcome of a task or gather cannot be set from outside");
    if (done()) throw invalid_state_error("the future is already done: ask done() before you complete it");
}

// From the one that was asked to cancel down to the one that is at turn. Most are short, and need no memory.
class future_core::cancel_path {
 public:
    cancel_path() { steps_.reserve(short_path); }
    cancel_path(const cancel_path&) = delete;
    cancel_path& operator=(const cancel_path&) = delete;
    ~cancel_path() {
        while (!steps_.empty()) leave();
    }

    struct step {
        ref<future_core> core;  // what one of them drops when it is cancelled may have held another
        passed_on passed = {};
        bool passes_on_already = false;
    };

    bool empty() const noexcept { return steps_.empty(); }
    void go_on_from(step from) {
        from.passes_on_already = from.core->passes_cancel_on_;
        ++from.passed.count;
        steps_.push_back(std::move(from));
        steps_.back().core->passes_cancel_on_ = true;
    }
    step leave() noexcept {
        step last = std::move(steps_.back());
        steps_.pop_back();
        last.core->passes_cancel_on_ = last.passes_on_already;
        return last;
    }

 private:
    static constexpr std::size_t short_path = 16;

    alignas(step) std::array<std::byte, short_path * sizeof(step)> room_;
    std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};
    std::pmr::vector<step> steps_{&memory_};
};

bool future_core::cancel(const std::string& message) {
    require_own_thread();
    cancel_path path;
    for (cancel_path::step now{ref<future_core>(this)};;) {
        if (future_core* next = now.core->passes_cancel_to(now.passed.count)) {
            ref<future_core> kept(next);
            path.go_on_from(std::move(now));
            now = {std::move(kept)};
            continue;
        }
        const bool accepted = now.core->cancel_itself(message, now.passed);
        if (path.empty()) return accepted;
        now = path.leave();
        now.passed.accepted |= accepted;
    }
}

bool future_core::cancel_itself(const std::string& message, passed_on) {
    unretrieved_ = false;
    if (done()) return false;
    set_cancelled(message);
    return true;
}

void future_core::check_result() {
    if (state_ == state::pending) throw invalid_state_error("Result is not set: await the future, or ask done() first");
    if (state_ == state::cancelled) throw cancelled_error(cancel_message_);
    unretrieved_ = false;
    if (!exception_) return;
    continue_traceback();
    std::rethrow_exception(exception_);
}

std::exception_ptr future_core::exception() {
    if (state_ == state::pending)
        throw invalid_state_error("Exception is not set: await the future, or ask done() first");
    if (state_ == state::cancelled) throw cancelled_error(cancel_message_);
    unretrieved_ = false;
    return exception_;
}

void future_core::finish() {
    settle(state::finished);
}

void future_core::set_exception(std::exception_ptr exception) {
    if (!exception) throw std::invalid_argument("a future's exception must not be null");
    exception_ = std::move(exception);
    unretrieved_ = true;
    settle(state::finished);
}

void future_core::set_cancelled(std::string message) {
    cancel_message_ = std::move(message);
    settle(state::cancelled);
}

void future_core::settle(state s) {
    state_ = s;
    if (!callbacks_.empty()) queue_callbacks();
}

void future_core::queue_callbacks() {
    if (owned_) {
        for (owned_callback* callback : owned_->pending) callback->done = ref(this);
        owned_->pending.clear();
    }
    if (loop_core* loop = owner())
        loop->ready.append(callbacks_);
    else
        callbacks_.drop_all();
}

void future_core::add_callback(callback_node& node) {
    if (!done())
        callbacks_.push_back(node);
    else if (loop_core* loop = owner())
        loop->ready.push_back(node);
    else
        node.drop();
}

std::size_t future_core::add_callback(std::unique_ptr<done_callback> callback, const std::optional<context>& in) {
    if (!owned_) owned_ = std::make_unique<owned_callbacks>();
    std::size_t number = ++owned_->last_number;
    if (!owner()) return number;
    auto* owned = new owned_callback(number, std::move(callback), *owner(), context_slot::given_or_current(in));
    if (done())
        owned->done = ref(this);
    else
        owned_->pending.push_back(owned);
    add_callback(*owned);
    return number;
}

std::size_t future_core::remove_callback(std::size_t number) {
    if (!owned_) return 0;
    auto& pending = owned_->pending;
    auto found = std::find_if(pending.begin(), pending.end(), [&](auto* owned) { return owned->number == number; });
    if (found == pending.end()) return 0;
    std::unique_ptr<owned_callback> removed(*found);
    pending.erase(found);
    return 1;
}

void future_core::drop_owned_callbacks() noexcept {
    if (!owned_) return;
    const auto dropped = std::exchange(owned_->pending, {});  // which may look at this future when they go
    for (owned_callback* callback : dropped) delete callback;
}

void future_wait::await_suspend(std::coroutine_handle<> caller) {
    loop_core& running = loop_core::running();
    if (core_.owner() != &running)
        throw std::runtime_error(
            "this future is attached to a different loop: run_coroutine_threadsafe runs in that one what awaits it");
    if (running.current_task == &core_) throw std::runtime_error("Task cannot await on itself");
    suspend(caller);
    if (!linked()) core_.add_callback(*this);  // else a pending cancellation has ended the wait
}

// A cancellation that comes back to where it began has gone round a ring of tasks, which would wait for each other for
// ever: this one waits no longer.
bool future_wait::cancel(const std::string& message) {
    if (!core_.passes_cancel_on()) return core_.cancel(message);
    if (cancel_accepted()) return false;
    unlink();
    return accept_cancel(message);
}

// Follows Task.__step: a cancelled_error that the future itself raises is the one to deliver.
void future_wait::finish_cancelled() {
    try {
        core_.check_result();
    } catch (const cancelled_error&) {
        cancellation_delivered();
        throw;
    } catch (...) {  // the cancellation replaces it
    }
    resumed();
}

}  // namespace girin::detail
