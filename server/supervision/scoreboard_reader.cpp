#include "server/supervision/scoreboard_reader.hpp"

#include <algorithm>
#include <cstring>

namespace girin::supervision {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr int reading_attempts = 3;

struct raw_request {
    std::int64_t started;
    std::string line;
};

std::optional<raw_request> read_entry(const in_flight_entry& entry) {
    for (int attempt = 0; attempt < reading_attempts; ++attempt) {
        const std::uint32_t before = entry.sequence.load(std::memory_order_acquire);
        const std::size_t length = std::min<std::size_t>(entry.length.load(relaxed), request_line_bytes);
        if (length == 0) return std::nullopt;
        raw_request request{entry.started.load(relaxed), {}};
        std::array<char, request_line_bytes> line;
        for (std::size_t i = 0; i < entry.line.size(); ++i) {
            const std::uint64_t word = entry.line[i].load(relaxed);
            std::memcpy(line.data() + i * 8, &word, 8);
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 1 || entry.sequence.load(relaxed) != before) continue;
        request.line.assign(line.data(), length);
        return request;
    }
    return std::nullopt;
}

}  // namespace

scoreboard_reader::scoreboard_reader(int fd) : memory_(fd, sizeof(scoreboard_layout), mapping::access::read_only) {}

bool scoreboard_reader::readable() const {
    return board().magic.load(std::memory_order_acquire) == scoreboard_magic &&
           board().version.load(relaxed) >= scoreboard_version &&
           board().size.load(relaxed) >= sizeof(scoreboard_layout);
}

worker_state scoreboard_reader::state() const {
    const std::uint32_t state = readable() ? board().state.load(std::memory_order_acquire) : 0;
    return state <= static_cast<std::uint32_t>(worker_state::full) ? static_cast<worker_state>(state)
                                                                   : worker_state::booting;
}

time_point scoreboard_reader::heartbeat() const {
    const std::int64_t heartbeat = readable() ? board().heartbeat.load(relaxed) : 0;
    return time_point(std::chrono::nanoseconds(std::max<std::int64_t>(heartbeat, 0)));
}

std::uint64_t scoreboard_reader::connections() const {
    return readable() ? board().connections.load(relaxed) : 0;
}
std::uint64_t scoreboard_reader::requests() const {
    return readable() ? board().requests.load(relaxed) : 0;
}
std::uint64_t scoreboard_reader::accepted() const {
    return readable() ? board().accepted.load(relaxed) : 0;
}

std::vector<in_flight_request> scoreboard_reader::in_flight(time_point now) const {
    if (!readable()) return {};
    std::vector<raw_request> raw;
    for (const in_flight_entry& entry : board().in_flight)
        if (auto request = read_entry(entry)) raw.push_back(std::move(*request));
    std::sort(raw.begin(), raw.end(), [](const auto& a, const auto& b) { return a.started < b.started; });

    const std::int64_t today = now.time_since_epoch().count();
    std::vector<in_flight_request> requests;
    for (raw_request& request : raw) {
        std::optional<std::chrono::nanoseconds> age;
        if (request.started > 0 && request.started <= today) age = std::chrono::nanoseconds(today - request.started);
        requests.push_back({std::move(request.line), age});
    }
    return requests;
}

}  // namespace girin::supervision
