#include "server/worker/access_log.hpp"

#include "aio/loop_core.hpp"
#include "server/log/log.hpp"

namespace girin::worker {

namespace {

constexpr std::size_t most_buffered = 32'768;

}  // namespace

void access_log::add(const log::access_record& record) {
    format_.append(lines_, record);
    if (lines_.size() >= most_buffered) return flush();
    if (!linked()) girin::detail::loop_core::running().ready.push_back(*this);
}

void access_log::flush() {
    if (lines_.empty()) return;
    file_.write(lines_);
    lines_.clear();
    if (const std::size_t lost = file_.take_dropped())
        log::warning(std::to_string(lost) + " lines of the access log were dropped");
}

}  // namespace girin::worker
