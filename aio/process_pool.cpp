#include "aio/code_address.hpp"
#include "aio/pool_process.hpp"
#include "aio/pool_protocol.hpp"

#include <girin/process_pool.hpp>

#include <sys/auxv.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace girin {

process_pool_error::~process_pool_error() = default;
process_died::~process_died() = default;
remote_exception::~remote_exception() = default;

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds longest_start = std::chrono::hours(24 * 365);
constexpr std::size_t most_around_result = 64 << 10;  // what an answer has beside the result's bytes

detail::code_address locate(const detail::process_function& function) {
    try {
        return detail::locate_code(reinterpret_cast<const void*>(function.call));
    } catch (const std::runtime_error& e) {
        throw process_pool_error(std::string(function.name) + " cannot be called in another process: " + e.what());
    }
}

// For a cancelled call this is not what its task gets to see.
[[noreturn]] void raise_ended() {
    throw process_pool_error("the process pool has ended");
}

// Each thread of a pool has at most one process, which ends with the thread: when it has been idle for long enough, and
// when the pool ends.
thread_local std::unique_ptr<detail::pool_process> child_of_this_thread;

}  // namespace

process_died::process_died(std::string function, int signal, int exit_status)
    : std::runtime_error("the process that ran " + function + " " + detail::describe({signal, exit_status})),
      function_(std::move(function)),
      signal_(signal),
      exit_status_(exit_status) {}

struct process_pool::state {
    explicit state(const options& o)
        : limits(o),
          threads({.threads = o.processes ? o.processes : std::max(1u, std::thread::hardware_concurrency()),
                   .queue = o.queue,
                   .name = o.name,
                   .idle_time = o.idle_time}) {}

    void run(detail::process_call& call);
    void stop(detail::process_call& call) noexcept;
    void stop_all() noexcept;

    const options limits;
    std::mutex mutex;
    std::vector<detail::process_call*> running;
    bool ended = false;
    std::uint64_t started = 0;
    std::uint64_t died = 0;
    thread_pool threads;  // destroyed first: it waits for its threads, which use the rest

 private:
    detail::pool_process& ready_child();
    void require_wanted(const detail::process_call& call);
    bool attach(detail::process_call& call, detail::pool_process& child);
    bool detach(detail::process_call& call) noexcept;
    std::string exchange(detail::process_call& call);
    static void take_result(detail::process_call& call, const std::string& message);
};

// The process of this thread. One that has ended while nobody used it is replaced.
detail::pool_process& process_pool::state::ready_child() {
    auto& child = child_of_this_thread;
    if (child && !child->idle()) child.reset();
    if (!child) {
        child = std::make_unique<detail::pool_process>();
        std::lock_guard lock(mutex);
        ++started;
    }
    return *child;
}

// A call that is not may have been cancelled before a process had to do with it.
void process_pool::state::require_wanted(const detail::process_call& call) {
    std::lock_guard lock(mutex);
    if (call.stopped_ || ended) raise_ended();
}

// From now on until detach() others may kill the process. False when they would have.
bool process_pool::state::attach(detail::process_call& call, detail::pool_process& child) {
    std::lock_guard lock(mutex);
    if (call.stopped_ || ended) return false;
    running.push_back(&call);
    call.process_ = &child;
    return true;
}

// Whether nobody has killed it.
bool process_pool::state::detach(detail::process_call& call) noexcept {
    std::lock_guard lock(mutex);
    std::erase(running, &call);
    call.process_ = nullptr;
    return !call.stopped_ && !ended;
}

void process_pool::state::stop(detail::process_call& call) noexcept {
    std::lock_guard lock(mutex);
    call.stopped_ = true;
    if (call.process_) call.process_->kill();
}

void process_pool::state::stop_all() noexcept {
    std::lock_guard lock(mutex);
    ended = true;
    for (detail::process_call* call : running) call->process_->kill();
}

void process_pool::state::run(detail::process_call& call) {
    const std::string message = exchange(call);
    if (++child_of_this_thread->calls == limits.max_tasks_per_child) child_of_this_thread.reset();
    try {
        take_result(call, message);
    } catch (const std::out_of_range&) {
        child_of_this_thread.reset();
        throw process_pool_error("the process that ran " + std::string(call.function_.name) + " wrote into its socket");
    }
}

// Whatever ends this but an answer ends the process, too, once it may have got the call.
std::string process_pool::state::exchange(detail::process_call& call) {
    const std::string function(call.function_.name);
    const detail::code_address where = locate(call.function_);
    std::string request;
    detail::wire<std::string>::put(request, where.module);
    detail::wire<std::string>::put(request, where.build_id);
    detail::wire<std::uint64_t>::put(request, where.offset);
    detail::wire<std::string>::put(request, call.arguments_);
    call.arguments_ = {};

    require_wanted(call);
    detail::pool_process& child = ready_child();
    if (!attach(call, child)) raise_ended();
    struct discard_unless_answered {
        bool answered = false;
        ~discard_unless_answered() {
            if (!answered) child_of_this_thread.reset();
        }
    } guard;
    struct detach_at_end {
        state& pool;
        detail::process_call& call;
        bool attached = true;
        bool operator()() noexcept { return std::exchange(attached, false) && pool.detach(call); }
        ~detach_at_end() { (*this)(); }
    } release{*this, call};
    const bool ready =
        child.ready() || child.become_ready(clock::now() + std::min(limits.start_timeout, longest_start));
    std::string message;
    const bool answered =
        ready && child.send(request) && child.receive(message, limits.max_bytes + most_around_result, std::nullopt);
    if (!release()) raise_ended();
    if (answered) {
        guard.answered = true;
        return message;
    }
    const detail::process_end end = child.end();
    if (!ready) throw process_pool_error("a process for the pool did not start: it " + detail::describe(end));
    std::lock_guard lock(mutex);
    ++died;
    throw process_died(function, end.signal, end.exit_status);
}

void process_pool::state::take_result(detail::process_call& call, const std::string& message) {
    detail::wire_reader reader(message);
    const auto how = detail::wire<detail::answer>::get(reader);
    std::string type;
    if (how == detail::answer::raised) type = detail::wire<std::string>::get(reader);
    std::string what = detail::wire<std::string>::get(reader);
    reader.end();
    if (how == detail::answer::returned)
        call.result_ = std::move(what);
    else if (how == detail::answer::raised)
        throw remote_exception(std::move(type), what);
    else
        throw process_pool_error(std::string(call.function_.name) + " was not called: " + what);
}

process_pool::process_pool(const options& o) : state_(std::make_unique<state>(o)) {
    static const bool will_serve = detail::is_loaded_at_start(detail::serving_code());
    if (!will_serve) throw process_pool_error("the program is not linked with libgirin.so: it would run its main");
    if (::getauxval(AT_SECURE) != 0)
        throw process_pool_error("the program has capabilities or another user's rights: it would run its main");
}

process_pool::~process_pool() {
    state_->stop_all();
}

process_figures process_pool::figures() const {
    process_figures now;
    static_cast<pool_figures&>(now) = state_->threads.figures();
    std::lock_guard lock(state_->mutex);
    now.started = state_->started;
    now.died = state_->died;
    return now;
}

namespace detail {

process_call::process_call(process_pool::state& pool, process_function function, std::string arguments)
    : pool_wait(&pool.threads), pool_(pool), function_(function), arguments_(std::move(arguments)) {
    if (arguments_.size() > pool.limits.max_bytes)
        throw process_pool_error("the arguments have more bytes than the pool's max_bytes allows");
}

process_call::~process_call() {
    if (submitted()) pool_.stop(*this);
    withdraw();
}

std::string process_call::await_resume() {
    check_called();
    if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
    return std::move(result_);
}

bool process_call::cancel(const std::string& message) {
    if (pool_wait::cancel(message)) return true;
    if (submitted()) pool_.stop(*this);
    return false;
}

void process_call::loop_closed() noexcept {
    pool_wait::loop_closed();
    if (submitted()) pool_.stop(*this);
}

void process_call::execute() noexcept {
    try {
        pool_.run(*this);
    } catch (...) {
        raised_ = std::current_exception();
    }
}

}  // namespace detail

}  // namespace girin
