#include <girin/event.hpp>

namespace girin::detail {

event_wait::~event_wait() {
    leave();
}

}  // namespace girin::detail
