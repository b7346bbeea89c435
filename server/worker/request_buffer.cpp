#include "server/worker/request_buffer.hpp"

#include <utility>

namespace girin::worker {

namespace {

// Where less than this is left behind a head, what follows gets a buffer of its own.
constexpr std::size_t least_room = 4'096;

}  // namespace

request_buffer::~request_buffer() {
    pools_.give_back(head_);
    pools_.give_back(current_);
}

void request_buffer::make_more_room() {
    if (current_.position() > kept_) current_.move_unread_to(kept_);
    const bool narrow = kept_ != 0 && current_.capacity() - kept_ < least_room;
    if (narrow || current_.free().empty()) enlarge();
}

bool request_buffer::make_room_behind() {
    if (current_ && current_.free().empty() && kept_ != 0) enlarge();
    return !current_ || !current_.free().empty();
}

void request_buffer::enlarge() {
    input_buffer larger;
    pools_.large.provide(larger);
    larger.append(current_.unread());
    std::swap(current_, larger);
    if (kept_ != 0)
        head_ = std::move(larger);
    else
        pools_.give_back(larger);
    kept_ = 0;
}

void request_buffer::give_back_unused() noexcept {
    if (kept_ == 0 && !head_ && current_.unread().empty()) pools_.give_back(current_);
}

void request_buffer::end_request() noexcept {
    pools_.give_back(head_);
    kept_ = 0;
    if (current_.unread().empty())
        pools_.give_back(current_);
    else
        current_.forget_consumed();
}

}  // namespace girin::worker
