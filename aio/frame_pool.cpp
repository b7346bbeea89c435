#include <girin/frame_pool.hpp>

namespace girin::detail {

constinit thread_local frame_pool* frame_pool::running = nullptr;

frame_pool::~frame_pool() {
    for (size_class& c : classes_) {
        while (c.first) {
            block* next = c.first->next;
            ::operator delete(c.first);
            c.first = next;
        }
    }
}

}  // namespace girin::detail
