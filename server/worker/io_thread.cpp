#include "server/worker/io_thread.hpp"

#include "aio/loop_core.hpp"
#include "server/worker/attendant.hpp"
#include "server/worker/service.hpp"
#include "server/worker/threaded_connection.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>

namespace girin::worker {

namespace {

timespec left_until(io_thread::time_point until) {
    using std::chrono::nanoseconds;
    constexpr auto longest = std::chrono::hours(1);
    const auto now = std::chrono::steady_clock::now();
    const nanoseconds left = until <= now ? nanoseconds(0) : std::min<nanoseconds>(longest, until - now);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    return {seconds.count(), (left - seconds).count()};
}

}  // namespace

io_thread::io_thread(service& s, unsigned number)
    : shared(s),
      pools(make_buffer_pools(s.limits, 2, 2)),
      own_fields_(std::time(nullptr), s.options.own_fields),
      loop_(girin::detail::loop_core::running()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!wake_) throw std::system_error(errno, std::system_category(), "eventfd");
    thread_ = std::thread([this, number] { run(number); });
}

io_thread::~io_thread() {
    {
        const lock held(mutex_);
        stopping_ = true;
        wake();
    }
    thread_.join();
    while (!jobs_.empty()) {
        girin::detail::pool_job& job = jobs_.pop();
        job.refused();
        job.hand_over();
    }
}

void io_thread::run(unsigned number) {
    pthread_setname_np(pthread_self(), ("girin_io_" + std::to_string(number)).substr(0, 15).c_str());
    lock held(mutex_);
    while (!stopping_) {
        if (run_job(held)) continue;
        if (!assigned_) {
            wait(held, -1, 0, time_point::max());
            continue;
        }
        serving_ = std::exchange(assigned_, nullptr);
        held.unlock();
        const visit ended = attendant(*this, *serving_).serve();
        held.lock();
        news.returned = true;
        news.ended = ended;
        announce_news();
    }
}

void io_thread::serve(threaded_connection& c) {
    const lock held(mutex_);
    orders = {};
    assigned_ = &c;
    wake();
}

bool io_thread::try_submit(girin::detail::pool_job& job) {
    const lock held(mutex_);
    job.accepted();
    jobs_.push(job);
    wake();
    return true;
}

bool io_thread::take_back(girin::detail::pool_job& job) noexcept {
    const lock held(mutex_);
    if (!jobs_.remove(job)) return false;
    job.taken_back();
    return true;
}

bool io_thread::run_job(lock& held) {
    if (jobs_.empty()) return false;
    girin::detail::pool_job& job = jobs_.pop();
    held.unlock();
    job.call();
    held.lock();
    job.hand_over();
    return true;
}

const http1::server_fields& io_thread::own_fields() {
    own_fields_.set_time(std::time(nullptr));
    return own_fields_;
}

short io_thread::wait(lock& held, int socket, short events, time_point until) {
    asleep_ = true;
    held.unlock();
    pollfd polled[] = {{wake_.get(), POLLIN, 0}, {socket, events, 0}};
    const timespec left = left_until(until);
    if (::ppoll(polled, 2, &left, nullptr) < 0) polled[0].revents = polled[1].revents = 0;
    if (polled[0].revents != 0) {
        eventfd_t ignored;
        ::eventfd_read(wake_.get(), &ignored);
    }
    held.lock();
    asleep_ = false;
    return polled[1].revents;
}

void io_thread::wake() noexcept {
    if (std::exchange(asleep_, false)) ::eventfd_write(wake_.get(), 1);
}

void io_thread::announce_news() {
    if (!std::exchange(announced_, true)) loop_.push_threadsafe(*serving_);
}

thread_news io_thread::take_news() {
    const lock held(mutex_);
    announced_ = false;
    if (news.bytes_read != 0) input.filled(news.bytes_read);  // before the thread may look at its input again
    return std::exchange(news, {});
}

}  // namespace girin::worker
