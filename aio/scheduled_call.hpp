// A plain callback in the ready queue, the timer heap or the inbox: what a handle refers to.
#pragma once

#include <girin/context.hpp>
#include <girin/frame_pool.hpp>
#include <girin/timer_node.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <utility>

namespace girin::detail {

class loop_core;

class scheduled_call : public timer_node {
 public:
    scheduled_call(loop_core& core, std::function<void()>&& callback, const std::optional<context>& in,
                   std::source_location where)
        : core_(core), callback_(std::move(callback)), context_(context_slot::given_or_current(in)), where_(where) {}

    static std::shared_ptr<scheduled_call> make(loop_core& core, std::function<void()>&& callback,
                                                const std::optional<context>& in, std::source_location where) {
        return keep(std::allocate_shared<scheduled_call>(pooled_allocator<scheduled_call>(), core, std::move(callback),
                                                         in, where));
    }

    void run() override;
    void drop() noexcept override;
    std::source_location where() const noexcept override { return where_; }
    virtual void cancel() noexcept;
    virtual bool cancelled() const noexcept { return cancelled_; }

 protected:
    // It keeps itself alive until it has run, was cancelled or was dropped.
    template <class Call>
    static std::shared_ptr<Call> keep(std::shared_ptr<Call> call) {
        call->self_ = call;
        return call;
    }
    const std::shared_ptr<scheduled_call>& self() const noexcept { return self_; }
    const loop_core& core() const noexcept { return core_; }
    void drop_callback() noexcept { auto callback = std::exchange(callback_, nullptr); }

 private:
    loop_core& core_;
    std::function<void()> callback_;
    context_slot context_;
    std::source_location where_;
    std::shared_ptr<scheduled_call> self_;
    bool cancelled_ = false;
};

// One that other threads may cancel. What it captured is dropped by the loop's thread.
class threadsafe_call final : public scheduled_call {
 public:
    using scheduled_call::scheduled_call;

    static std::shared_ptr<threadsafe_call> make(loop_core& core, std::function<void()>&& callback,
                                                 const std::optional<context>& in, std::source_location where) {
        return keep(std::allocate_shared<threadsafe_call>(pooled_allocator<threadsafe_call>(), core,
                                                          std::move(callback), in, where));
    }

    void run() override;
    void cancel() noexcept override;
    bool cancelled() const noexcept override { return asked_; }

 private:
    enum class state : unsigned char { waiting, running, done, cancelled };
    std::atomic<state> state_ = state::waiting;
    std::atomic<bool> asked_ = false;
};

}  // namespace girin::detail
