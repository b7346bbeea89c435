#include <girin/semaphore.hpp>

#include <stdexcept>

namespace girin::detail {

semaphore_core::semaphore_core(std::ptrdiff_t initial, bool bounded) : value_(initial) {
    if (initial < 0)
        throw std::invalid_argument("a semaphore cannot begin with less than no permit: give it a value of 0 or more");
    if (bounded) bound_ = initial;
}

void semaphore_core::give_back() {
    if (value_ >= bound_)
        throw std::invalid_argument("semaphore released too many times: release() it once after each acquire()");
    if (!line_.wake_first()) ++value_;
}

// Whoever came while there were permits, but had to queue behind one who was woken and had not run yet.
void semaphore_core::hand_over_permits() {
    while (value_ > 0 && line_.wake_first()) --value_;
}

semaphore_wait::~semaphore_wait() {
    if (!leave()) return;
    ++core_->value_;
    core_->hand_over_permits();
}

void semaphore_wait::finish_wait(bool served) {
    if (served && cancelled_meanwhile()) ++core_->value_;
    core_->hand_over_permits();
}

}  // namespace girin::detail
