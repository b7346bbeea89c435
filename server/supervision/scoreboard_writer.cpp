#include "server/supervision/scoreboard_writer.hpp"

#include <unistd.h>

#include <bit>
#include <cstring>

namespace girin::supervision {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::int64_t nanoseconds(time_point when) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
}

// Without a locked instruction, for nobody else writes.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.store(counter.load(relaxed) + by, relaxed);
}

void publish(in_flight_entry& entry, std::string_view line, std::int64_t now) {
    line = line.substr(0, request_line_bytes);
    const std::uint32_t sequence = entry.sequence.load(relaxed);
    entry.sequence.store(sequence + 1, relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    entry.started.store(now, relaxed);
    std::uint64_t word = 0;
    std::atomic<std::uint64_t>* next = entry.line.data();
    std::string_view rest = line;
    for (; rest.size() >= sizeof word; rest.remove_prefix(sizeof word)) {
        std::memcpy(&word, rest.data(), sizeof word);
        next++->store(word, relaxed);
    }
    if (!rest.empty()) {
        word = 0;
        std::memcpy(&word, rest.data(), rest.size());
        next->store(word, relaxed);
    }
    entry.length.store(static_cast<std::uint32_t>(line.size()), relaxed);
    entry.sequence.store(sequence + 2, std::memory_order_release);
}

}  // namespace

scoreboard_writer::scoreboard_writer(int fd, std::uint32_t slot, std::uint32_t generation)
    : memory_(fd, sizeof(scoreboard_layout), mapping::access::read_write),
      board_(*static_cast<scoreboard_layout*>(memory_.data())) {
    board_.version.store(scoreboard_version, relaxed);
    board_.size.store(sizeof(scoreboard_layout), relaxed);
    board_.pid.store(static_cast<std::uint32_t>(::getpid()), relaxed);
    board_.slot.store(slot, relaxed);
    board_.generation.store(generation, relaxed);
    board_.magic.store(scoreboard_magic, std::memory_order_release);
}

void scoreboard_writer::set_state(worker_state state) {
    board_.state.store(static_cast<std::uint32_t>(state), std::memory_order_release);
}

void scoreboard_writer::set_full(bool full) {
    const auto before = static_cast<worker_state>(board_.state.load(relaxed));
    if (before == worker_state::ready || before == worker_state::full)
        set_state(full ? worker_state::full : worker_state::ready);
}

void scoreboard_writer::beat(time_point now) {
    board_.heartbeat.store(nanoseconds(now), relaxed);
}

void scoreboard_writer::connection_opened() {
    add(board_.connections, 1);
    add(board_.accepted, 1);
}

void scoreboard_writer::connection_closed() {
    add(board_.connections, ~std::uint64_t{0});
}

std::uint64_t scoreboard_writer::connections() const {
    return board_.connections.load(relaxed);
}

int scoreboard_writer::request_began(std::string_view line, time_point now) {
    add(board_.requests, 1);
    const int entry = claim_entry();
    if (entry >= 0) publish(board_.in_flight[static_cast<std::size_t>(entry)], line, nanoseconds(now));
    return entry;
}

void scoreboard_writer::request_ended(int entry) {
    if (entry < 0) return;
    board_.in_flight[static_cast<std::size_t>(entry)].length.store(0, std::memory_order_release);
    taken_ &= ~(std::uint64_t{1} << entry);
}

int scoreboard_writer::claim_entry() {
    const int entry = std::countr_one(taken_);
    if (entry == static_cast<int>(in_flight_entries)) return -1;
    taken_ |= std::uint64_t{1} << entry;
    return entry;
}

}  // namespace girin::supervision
