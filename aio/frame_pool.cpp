#include "aio/frame_pool.hpp"

#include <new>

namespace girin::detail {

frame_pool::~frame_pool() {
    for (size_class& c : classes_) {
        while (c.first) {
            block* next = c.first->next;
            ::operator delete(c.first);
            c.first = next;
        }
    }
}

void* frame_pool::allocate(std::size_t size) {
    size = rounded(size);
    if (size / step < classes) {
        size_class& c = classes_[size / step];
        if (block* first = c.first) {
            c.first = first->next;
            c.bytes -= size;
            return first;
        }
    }
    return ::operator new(size);
}

void frame_pool::free(void* memory, std::size_t size) noexcept {
    size = rounded(size);
    if (size / step < classes && classes_[size / step].bytes + size <= kept_bytes) {
        size_class& c = classes_[size / step];
        c.first = ::new (memory) block{c.first};
        c.bytes += size;
        return;
    }
    ::operator delete(memory);
}

}  // namespace girin::detail
