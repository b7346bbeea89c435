// Runs blocking functions where they are called, on the loop: the sync worker's executor.
#pragma once

#include <girin/executor.hpp>

namespace girin::worker {

class inline_executor final : public executor {
 public:
    bool try_submit(girin::detail::pool_job& job) override {
        job.accepted();
        job.call();
        job.hand_over();
        return true;
    }
    bool take_back(girin::detail::pool_job&) noexcept override { return false; }
};

}  // namespace girin::worker
