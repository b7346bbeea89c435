// The input buffers of one thread: taken when bytes arrive, given back when they are used up, so that an idle
// connection holds none.
#pragma once

#include "server/worker/poison.hpp"

#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace girin::worker {

// One piece of memory with a filled part: [begin, end) is unread, [end, capacity) is free.
class input_buffer {
 public:
    input_buffer() noexcept = default;
    // The capacity is less than 4 GiB.
    explicit input_buffer(std::size_t capacity)
        : memory_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(static_cast<std::uint32_t>(capacity)) {}
    input_buffer(input_buffer&& other) noexcept { swap(other); }
    input_buffer& operator=(input_buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~input_buffer() { unpoison(memory_.get(), capacity_); }

    explicit operator bool() const noexcept { return memory_ != nullptr; }
    std::size_t capacity() const noexcept { return capacity_; }
    std::span<char> unread() noexcept { return {memory_.get() + begin_, end_ - begin_}; }
    std::span<char> free() noexcept { return {memory_.get() + end_, capacity_ - end_}; }
    void filled(std::size_t size) noexcept { end_ += static_cast<std::uint32_t>(size); }
    void consume(std::size_t size) noexcept { begin_ += static_cast<std::uint32_t>(size); }
    std::size_t position() const noexcept { return begin_; }

    // Nobody may look at what has been consumed any more.
    void forget_consumed() noexcept { poison(memory_.get(), begin_); }
    // The same for everything.
    void clear() noexcept {
        begin_ = end_ = 0;
        poison(memory_.get(), capacity_);
    }
    // After clear(), before it is used again.
    void reuse() noexcept { unpoison(memory_.get(), capacity_); }

    // Puts bytes behind the unread ones; there must be room.
    void append(std::span<const char> bytes) noexcept {
        std::memcpy(memory_.get() + end_, bytes.data(), bytes.size());
        filled(bytes.size());
    }
    // Moves the unread bytes to `position`, which lies before them, and so makes room behind them.
    void move_unread_to(std::size_t position) noexcept {
        unpoison(memory_.get() + position, end_ - position);
        const std::uint32_t size = end_ - begin_;
        std::memmove(memory_.get() + position, memory_.get() + begin_, size);
        begin_ = static_cast<std::uint32_t>(position);
        end_ = begin_ + size;
    }

 private:
    void swap(input_buffer& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
    }

    std::unique_ptr<char[]> memory_;
    std::uint32_t capacity_ = 0;
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

// Keeps buffers of one size for reuse, up to a number.
class buffer_pool {
 public:
    buffer_pool(std::size_t buffer_size, std::size_t kept) : buffer_size_(buffer_size), kept_(kept) {
        spare_.reserve(kept);
    }

    std::size_t buffer_size() const noexcept { return buffer_size_; }

    // Puts a buffer where there is none.
    void provide(input_buffer& holder) {
        assert(!holder);
        if (spare_.empty()) return make(holder);
        std::swap(holder, spare_.back());
        spare_.pop_back();
        holder.reuse();
    }

    // Takes the buffer from where it is.
    void give_back(input_buffer& holder) noexcept {
        assert(holder);
        holder.clear();
        if (spare_.size() == kept_)
            holder = {};
        else
            spare_.push_back(std::move(holder));
    }

 private:
    [[gnu::noinline]] void make(input_buffer& holder) { holder = input_buffer(buffer_size_); }

    std::size_t buffer_size_;
    std::size_t kept_;
    std::vector<input_buffer> spare_;
};

// A small size, in which most requests fit as a whole, and a large one for what does not.
struct buffer_pools {
    buffer_pool small;
    buffer_pool large;

    void give_back(input_buffer& holder) noexcept {
        if (holder) (holder.capacity() == small.buffer_size() ? small : large).give_back(holder);
    }
};

}  // namespace girin::worker
