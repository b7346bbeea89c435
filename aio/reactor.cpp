#include "aio/reactor.hpp"

#include "aio/loop_core.hpp"

#include <girin/coro.hpp>

#include <boost/asio/detail/call_stack.hpp>
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/detail/scheduler_thread_info.hpp>
#include <boost/asio/detail/thread_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/version.hpp>

#include <unistd.h>

#include <optional>
#include <utility>

namespace girin::detail {

namespace asio = boost::asio;

namespace {

// What Asio's reactor noted for an operation that it returned; only derived classes may look.
struct result_of : asio::detail::scheduler_operation {
    static unsigned get(scheduler_operation& operation) { return operation.*(&result_of::task_result_); }
};

}  // namespace

// As long as only descriptors of ours use the reactor, it is run directly, without the scheduler's queue and locks:
// they cost more than parsing a small request. Once somebody else has given the scheduler something to do, it runs
// everything.
struct reactor::impl {
    using thread_stack = asio::detail::call_stack<asio::detail::thread_context, asio::detail::thread_info_base>;

    impl()
        : context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
          work(context.get_executor()),
          scheduler(asio::use_service<asio::detail::io_context_impl>(context)),
          epoll(asio::use_service<asio::detail::reactor>(context)) {
        epoll.init_task();
    }

    void run_directly(long microseconds) {
        // First what was done when it was started. What completing these starts is for the next time, and so is the
        // rest when one of them throws.
        struct batch {
            asio::detail::op_queue<asio::detail::scheduler_operation>& later;
            asio::detail::op_queue<asio::detail::scheduler_operation> now;
            ~batch() {
                now.push(later);
                later.push(now);
            }
        } completed{thread.private_op_queue, {}};
        completed.now.push(thread.private_op_queue);
        epoll.run(completed.now.empty() ? microseconds : 0, completed.now);
        boost::system::error_code none;
        while (asio::detail::scheduler_operation* operation = completed.now.front()) {
            completed.now.pop();
            count_started_work();
            struct count {
                impl& i;
                // One was counted when it was started; an event that completed none has made up for that.
                ~count() {
                    if (i.thread.private_outstanding_work > 0)
                        --i.thread.private_outstanding_work;
                    else
                        i.scheduler.work_finished();
                }
            } count_when_done{*this};
            operation->complete(&scheduler, none, result_of::get(*operation));
        }
    }

    void run_scheduler(long microseconds) {
        count_started_work();
        if (microseconds == 0 || !thread.private_op_queue.empty()) {
            // poll() would go on as long as operations start others that complete at once.
            constexpr int enough = 256;
            for (int completed = 0; completed < enough && scheduler.poll_one(ignored) != 0;) ++completed;
        } else {
            scheduler.wait_one(microseconds, ignored);
        }
    }

    // Outside a running loop Asio gives the scheduler what it completes.
    void before_completing() noexcept {
        if (!running) shared = true;
    }

    // Operations that were posted from this thread are counted here first.
    void count_started_work() {
        for (; thread.private_outstanding_work > 0; --thread.private_outstanding_work) scheduler.work_started();
    }

    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    asio::detail::io_context_impl& scheduler;
    asio::detail::reactor& epoll;
    asio::detail::scheduler_thread_info thread{};
    std::optional<thread_stack::context> running;
    boost::system::error_code ignored;
    bool shared = false;
};

reactor::reactor() : impl_(std::make_unique<impl>()) {}

reactor::~reactor() = default;

void reactor::enter() {
    impl_->running.emplace(&impl_->scheduler, impl_->thread);
}

void reactor::leave() noexcept {
    impl_->running.reset();
}

void reactor::wait(long microseconds) {
    impl_->shared ? impl_->run_scheduler(microseconds) : impl_->run_directly(microseconds);
}

void reactor::interrupt() noexcept {
    impl_->epoll.interrupt();
}

asio::io_context& reactor::context() noexcept {
    impl_->shared = true;
    return impl_->context;
}

// An io_op as Asio's reactor sees it. It stays with Asio when the io_op is destroyed while armed.
struct io_op::bridge final : asio::detail::reactor_op, pooled {
    explicit bridge(io_op& o)
        : asio::detail::reactor_op(boost::system::error_code(), &bridge::perform, &bridge::completed), op(&o) {}

    static status perform(reactor_op* base) {
        io_op* op = static_cast<bridge*>(base)->op;
        switch (op ? op->attempt() : io_attempt::done) {
            case io_attempt::again:
                return not_done;
            case io_attempt::done:
                return done;
            case io_attempt::exhausted:
                return done_and_exhausted;
        }
        return not_done;
    }

    // Asio passes no owner when the io_context is being destroyed: then nobody is left to resume.
    static void completed(void* owner, asio::detail::operation* base, const boost::system::error_code&, std::size_t) {
        auto* self = static_cast<bridge*>(base);
        if (!self->op) {
            delete self;
            return;
        }
        self->op->armed_ = false;
        if (!owner) return;
        self->io->operation_finished();
        self->op->complete(self->ec_);
    }

    io_op* op;
    reactor* io = nullptr;
};

io_op::~io_op() {
    if (!armed_) {
        delete bridge_;
        return;
    }
    bridge_->io->operation_finished();
    bridge_->op = nullptr;
}

namespace {

using descriptor_state = asio::detail::reactor::per_descriptor_data;

descriptor_state as_state(void* state) {
    return static_cast<descriptor_state>(state);
}

}  // namespace

descriptor::descriptor(int fd) : descriptor() {
    fd_ = fd;
    reactor_ = &loop_core::running().io;
    descriptor_state state = nullptr;
    if (int error = reactor_->impl_->epoll.register_descriptor(fd, state))
        throw std::system_error(error, std::system_category(), "cannot watch a descriptor");
    state_ = state;
}

descriptor::descriptor(descriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), state_(std::exchange(other.state_, nullptr)), reactor_(other.reactor_) {}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(state_, other.state_);
    std::swap(reactor_, other.reactor_);
    return *this;
}

descriptor::~descriptor() {
    close();
}

void descriptor::start(int kind, io_op& op) {
    auto* state = as_state(state_);
    if (!op.bridge_) op.bridge_ = new io_op::bridge(op);
    auto* bridge = op.bridge_;
    bridge->ec_ = {};
    bridge->io = reactor_;
    op.armed_ = true;
    reactor_->operation_started();
    reactor_->impl_->before_completing();
#if BOOST_VERSION < 108200
    reactor_->impl_->epoll.start_op(kind, fd_, state, bridge, true, true);
#else
    auto later = [](asio::detail::operation* done, bool continuation, const void* scheduler) {
        static_cast<asio::detail::io_context_impl*>(const_cast<void*>(scheduler))
            ->post_immediate_completion(done, continuation);
    };
    reactor_->impl_->epoll.start_op(kind, fd_, state, bridge, true, true, later, &reactor_->impl_->scheduler);
#endif
}

void descriptor::start_read(io_op& op) {
    start(asio::detail::reactor::read_op, op);
}

void descriptor::start_write(io_op& op) {
    start(asio::detail::reactor::write_op, op);
}

void descriptor::cancel() noexcept {
    auto* state = as_state(state_);
    if (!state) return;
    reactor_->impl_->before_completing();
    reactor_->impl_->epoll.cancel_ops(fd_, state);
}

void descriptor::close() noexcept {
    if (fd_ < 0) return;
    if (auto* state = as_state(std::exchange(state_, nullptr))) {
        reactor_->impl_->before_completing();
        reactor_->impl_->epoll.deregister_descriptor(fd_, state, true);
        reactor_->impl_->epoll.cleanup_descriptor_data(state);
    }
    ::close(std::exchange(fd_, -1));
}

}  // namespace girin::detail
