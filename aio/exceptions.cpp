#include <girin/exceptions.hpp>

namespace girin {

cancelled_error::~cancelled_error() = default;
timeout_error::~timeout_error() = default;
invalid_state_error::~invalid_state_error() = default;
generator_exit::~generator_exit() = default;
keyboard_interrupt::~keyboard_interrupt() = default;

}  // namespace girin
