// What has been read from one client and not been used up. The head of the request under way stays where it was read,
// however much content comes after it.
#pragma once

#include "server/worker/buffer_pool.hpp"

#include <cstddef>
#include <span>

namespace girin::worker {

// Holds no memory while there is nothing in it. Views into it live until the request ends, those of content until
// make_room().
class request_buffer {
 public:
    // The large size of the pools must have room for every head and every trailer section that http1 lets pass.
    explicit request_buffer(buffer_pools& pools) noexcept : pools_(pools) {}
    request_buffer(const request_buffer&) = delete;
    request_buffer& operator=(const request_buffer&) = delete;
    ~request_buffer();

    std::span<char> unread() noexcept { return current_.unread(); }
    void consume(std::size_t size) noexcept { current_.consume(size); }

    // Sees to it that there is room behind the unread bytes. Content that has been consumed may be overwritten.
    void make_room() {
        if (current_ && current_.free().empty()) make_more_room();
    }
    // The same without moving anything; whether there is room then.
    bool make_room_behind();
    // Where to read to. Takes memory if there is none.
    std::span<char> room() {
        if (!current_) pools_.small.provide(current_);
        return current_.free();
    }
    // So many bytes have been read into that room.
    void filled(std::size_t size) noexcept { current_.filled(size); }
    // Gives the memory back if nothing came into that room.
    void give_back_unused() noexcept;

    // What has been consumed so far is the head of a request.
    void begin_request() noexcept { kept_ = current_.position(); }
    // Nobody looks at the request any more.
    void end_request() noexcept;
    void drop_unread() noexcept { current_.consume(current_.unread().size()); }

 private:
    void make_more_room();
    void enlarge();

    buffer_pools& pools_;
    input_buffer current_;
    input_buffer head_;     // the head, when what follows it is in a buffer of its own
    std::size_t kept_ = 0;  // bytes at the front of current_ that stay where they are
};

}  // namespace girin::worker
