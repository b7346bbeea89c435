// Bytes on their way to a client: some ready to be written, and behind them a response head that is still held back.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace girin::http1 {

// Memory is kept until the buffer is destroyed. Views and room() end with the next call that changes the buffer.
class byte_buffer {
 public:
    // What may be written to the client, without what is held.
    std::string_view ready() const { return {bytes_.get() + begin_, ready_ - begin_}; }

    // Forgets the first bytes of ready(), because they have been written.
    void consume(std::size_t size);

    // Free space behind everything, at least `size` bytes of it.
    char* room(std::size_t size) {
        if (capacity_ - end_ < size) make_room(size);
        return bytes_.get() + end_;
    }

    // Takes in what was put into room(), up to `end`, and holds it back.
    void hold(const char* end) { end_ = static_cast<std::size_t>(end - bytes_.get()); }

    // Makes everything ready that is held.
    void release() { ready_ = end_; }

    // Forgets what is held.
    void drop_held() { end_ = ready_; }

    // Forgets everything.
    void clear() { begin_ = ready_ = end_ = 0; }

    // Puts bytes behind the ready ones and before the held ones.
    void insert_ready(std::string_view bytes);

    std::size_t capacity() const { return capacity_; }

 private:
    void make_room(std::size_t size);

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t ready_ = 0;
    std::size_t end_ = 0;
};

}  // namespace girin::http1
