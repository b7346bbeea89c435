#include "server/http1/byte_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace girin::http1 {

void byte_buffer::consume(std::size_t size) {
    begin_ += size;
    if (begin_ == end_) clear();
}

void byte_buffer::insert_ready(std::string_view bytes) {
    room(bytes.size());
    char* const at = bytes_.get() + ready_;
    std::memmove(at + bytes.size(), at, end_ - ready_);
    std::memcpy(at, bytes.data(), bytes.size());
    ready_ += bytes.size();
    end_ += bytes.size();
}

void byte_buffer::make_room(std::size_t size) {
    constexpr std::size_t smallest = 512;
    const std::size_t used = end_ - begin_;
    if (capacity_ - used >= size && begin_ >= used) {
        std::memcpy(bytes_.get(), bytes_.get() + begin_, used);
    } else {
        const std::size_t capacity = std::max({used + size, 2 * capacity_, smallest});
        auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
        if (used != 0) std::memcpy(bytes.get(), bytes_.get() + begin_, used);
        bytes_ = std::move(bytes);
        capacity_ = capacity;
    }
    ready_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
}

}  // namespace girin::http1
