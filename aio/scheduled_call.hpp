// A plain callback in the ready queue, the timer heap or the inbox: what a handle refers to.
#pragma once

#include <girin/context.hpp>
#include <girin/timer_node.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace girin::detail {

class loop_core;

class scheduled_call final : public timer_node {
 public:
    scheduled_call(loop_core& core, std::function<void()> callback, const std::optional<context>& in)
        : core_(core), callback_(std::move(callback)), context_(context_slot::given_or_current(in)) {}

    // Keeps itself alive until it has run, was cancelled or was dropped.
    static std::shared_ptr<scheduled_call> make(loop_core& core, std::function<void()> callback,
                                                const std::optional<context>& in) {
        auto call = std::make_shared<scheduled_call>(core, std::move(callback), in);
        call->self_ = call;
        return call;
    }

    void run() override;
    void drop() noexcept override;
    void cancel() noexcept;
    bool cancelled() const noexcept { return cancelled_; }

 private:
    loop_core& core_;
    std::function<void()> callback_;
    context_slot context_;
    std::shared_ptr<scheduled_call> self_;
    bool cancelled_ = false;
};

}  // namespace girin::detail
