#include <girin/barrier.hpp>

namespace girin {

broken_barrier_error::~broken_barrier_error() = default;

namespace detail {

barrier_core::barrier_core(std::ptrdiff_t n) : parties(static_cast<std::size_t>(n)) {
    if (n < 1) throw std::invalid_argument("a barrier needs at least one party");
}

// One task's stay in the barrier. The last to leave makes room for those who come next.
class barrier_core::visit {
 public:
    explicit visit(barrier_core& core) noexcept : index(core.count_++), core_(core) {}
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() {
        if (--core_.count_ > 0) return;
        if (core_.state_ == state::draining || core_.state_ == state::resetting) core_.state_ = state::filling;
        // Not so when the loop is closed over a task that was about to take the lock again.
        if (core_.changed_.locked()) core_.changed_.notify_all();
    }

    const std::size_t index;

 private:
    barrier_core& core_;
};

coro<std::size_t> barrier_core::wait(ref<barrier_core> core) {
    auto held = co_await core->changed_.acquire_guard();
    co_await core->changed_.wait_for(
        [&] { return core->state_ != state::draining && core->state_ != state::resetting; });
    if (core->state_ == state::broken) throw broken_barrier_error("the barrier was aborted: reset() it first");

    visit here(*core);
    if (here.index + 1 == core->parties) {
        core->state_ = state::draining;
        core->changed_.notify_all();
    } else {
        co_await core->changed_.wait_for([&] { return core->state_ != state::filling; });
        if (core->state_ != state::draining)
            throw broken_barrier_error("the barrier was reset or aborted while this task waited at it");
    }
    co_return here.index;
}

coro<void> barrier_core::reset(ref<barrier_core> core) {
    auto held = co_await core->changed_.acquire_guard();
    core->state_ = core->count_ > 0 ? state::resetting : state::filling;
    core->changed_.notify_all();
}

coro<void> barrier_core::abort(ref<barrier_core> core) {
    auto held = co_await core->changed_.acquire_guard();
    core->state_ = state::broken;
    core->changed_.notify_all();
}

}  // namespace detail

}  // namespace girin
