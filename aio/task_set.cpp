#include <girin/task_set.hpp>

#include <memory>
#include <utility>

namespace girin::detail {

struct task_set::member final : callback_node, pooled {
    member(task_set& s, ref<task_core> t) noexcept : set(s), task(std::move(t)), link(s.last_) {
        *link = this;
        set.last_ = &next;
    }
    ~member() override {
        *link = next;
        (next ? next->link : set.last_) = link;
    }

    void run() override {
        task_set& from = set;
        ref<task_core> ended = std::move(task);
        delete this;
        if (from.empty() && from.waiting_ && !from.waiting_->linked()) from.waiting_->wake();
        from.on_done(*ended);
    }
    const future_core* serves() const noexcept override { return set.waiter(); }
    // The loop is closed: whoever has the set removes it.
    void drop() noexcept override {}

    task_set& set;
    ref<task_core> task;
    member* next = nullptr;
    member** link;
};

task_set::~task_set() {
    while (first_) delete first_;
}

void task_set::add(ref<task_core> task) {
    auto* added = new member(*this, std::move(task));
    added->task->add_callback(*added);
}

void task_set::cancel_all(const std::string& message, const task_core* but) {
    for (member* m = first_; m; m = m->next)
        if (!m->task->done() && m->task.get() != but) m->task->cancel(message);
}

task_set::until_empty::~until_empty() {
    if (set_.waiting_ == this) set_.waiting_ = nullptr;
}

void task_set::until_empty::await_suspend(std::coroutine_handle<> caller) {
    suspend(caller);
    set_.waiting_ = this;
}

task_set::cancel_on_exit::~cancel_on_exit() {
    if (set.empty()) return;
    set.on_abandoned();
    try {
        set.cancel_all();
    } catch (...) {  // no memory for a message: the tasks run on
    }
}

}  // namespace girin::detail
