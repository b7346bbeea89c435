#include "server/master/descriptor_limit.hpp"

#include "server/log/log.hpp"

#include <sys/resource.h>

#include <string>

namespace girin::master {
namespace {

constexpr rlim_t others = 64;  // listeners, logs, scoreboards, and some of the application's

}  // namespace

void raise_descriptor_limit(unsigned worker_connections) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) < 0) limit.rlim_cur = before;
    if (limit.rlim_cur < worker_connections + others)
        log::warning("A worker may hold " + std::to_string(worker_connections) + " connections but open only " +
                     std::to_string(limit.rlim_cur) + " descriptors (RLIMIT_NOFILE)");
}

}  // namespace girin::master
