#include "aio/loop_core.hpp"

#include <girin/distinct.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace girin::detail {

void check_and_sort(pooled_array<numbered_core>& cores) {
    loop_core* running = &loop_core::running();
    for (const numbered_core& c : cores) {
        if (!c.core)
            throw std::invalid_argument("an empty future or task cannot be waited for: assign one to it first");
        if (c.core->owner() != running)
            throw std::invalid_argument("a future or task that is waited for belongs to a different loop");
    }
    std::sort(cores.begin(), cores.end(), [](const numbered_core& a, const numbered_core& b) {
        return a.core == b.core ? a.number < b.number : std::less<>()(a.core, b.core);
    });
}

}  // namespace girin::detail
