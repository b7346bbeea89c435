// bounded_semaphore: a semaphore that notices a release too many (asyncio.BoundedSemaphore).
#pragma once

#include <girin/semaphore.hpp>

#include <cstddef>

namespace girin {

// A semaphore whose release() raises std::invalid_argument when it would have more permits than it began with.
class bounded_semaphore : public semaphore {
 public:
    explicit bounded_semaphore(std::ptrdiff_t value = 1) : semaphore(value, true) {}
};

}  // namespace girin
