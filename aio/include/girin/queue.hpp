// queue: hands items from tasks to tasks, first in, first out (asyncio.Queue).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/operation.hpp>
#include <girin/ref.hpp>
#include <girin/wait_line.hpp>

#include <coroutine>
#include <cstddef>
#include <deque>
#include <memory>
#include <stdexcept>
#include <utility>

namespace girin {

// get_nowait() on an empty queue (asyncio.QueueEmpty).
class GIRIN_EXPORT queue_empty : public std::runtime_error {
 public:
    queue_empty() : std::runtime_error("the queue is empty: await get(), or ask empty() first") {}
    queue_empty(const queue_empty&) = default;
    ~queue_empty() override;
};

// put_nowait() on a full queue (asyncio.QueueFull).
class GIRIN_EXPORT queue_full : public std::runtime_error {
 public:
    queue_full() : std::runtime_error("the queue is full: await put(), or ask full() first") {}
    queue_full(const queue_full&) = default;
    ~queue_full() override;
};

// put() on a queue that was shut down, and get() on one that is empty besides (asyncio.QueueShutDown).
class GIRIN_EXPORT queue_shut_down : public std::runtime_error {
 public:
    queue_shut_down()
        : std::runtime_error(
              "the queue was shut down, and nothing more goes in, or is left in it: stop "
              "putting and getting") {}
    queue_shut_down(const queue_shut_down&) = default;
    ~queue_shut_down() override;
};

struct immediate_t {};
inline constexpr immediate_t immediate{};

namespace detail {

// A queue without its items.
class GIRIN_EXPORT queue_core : public counted<queue_core> {
 public:
    explicit queue_core(std::ptrdiff_t maxsize) noexcept : maxsize_(maxsize) {}
    virtual ~queue_core();

    std::size_t size() const noexcept { return size_; }
    std::ptrdiff_t maxsize() const noexcept { return maxsize_; }
    bool full() const noexcept { return maxsize_ > 0 && size_ >= static_cast<std::size_t>(maxsize_); }
    bool can_get() const noexcept { return size_ > 0 || shut_down_; }
    bool can_put() const noexcept { return !full() || shut_down_; }

    void task_done();
    void shutdown();
    void shutdown(immediate_t);

 protected:
    virtual void discard() noexcept = 0;  // every item

    // Around storing and taking one item: what stands in the way is raised, and who waits for it is woken.
    void check_put() const {
        getters_.require_own_thread();
        if (shut_down_ || full()) throw_cannot_put();
    }
    void count_put() {
        ++size_;
        ++unfinished_;
        getters_.wake_first();
    }
    void check_get() const {
        putters_.require_own_thread();
        if (size_ == 0) throw_cannot_get();
    }
    void count_get() {
        --size_;
        putters_.wake_first();
    }

 private:
    friend class queue_wait;
    friend class join_wait;
    void require_own_thread() const;
    [[noreturn]] void throw_cannot_put() const;
    [[noreturn]] void throw_cannot_get() const;

    const std::ptrdiff_t maxsize_;
    std::size_t size_ = 0;
    std::size_t unfinished_ = 0;  // items put, and not done with
    bool shut_down_ = false;
    wait_line getters_;
    wait_line putters_;
    wait_line joiners_;
    loop_bond bond_;
};

// A get() that waits for an item, or a put() that waits for room. To be woken is only a hint: whoever runs first may
// take what it was woken for, and then it waits again.
class GIRIN_EXPORT queue_wait : public waiter {
 public:
    void await_suspend(std::coroutine_handle<> caller) { wait_in(line(), core_->bond_, caller); }
    void run() override;

 protected:
    enum class side : bool { getter, putter };

    queue_wait(ref<queue_core> core, side s) noexcept : core_(std::move(core)), side_(s) {}
    ~queue_wait() override;

    bool possible() const noexcept { return side_ == side::getter ? core_->can_get() : core_->can_put(); }
    // To be called when it resumes.
    void finish_wait() {
        if (leave() && cancelled_meanwhile()) pass_on();
        resumed();
    }
    // Wakes the next one for what this one was woken for.
    void pass_on();
    queue_core& core() const noexcept { return *core_; }

 private:
    wait_line& line() const noexcept { return side_ == side::getter ? core_->getters_ : core_->putters_; }

    const ref<queue_core> core_;
    const side side_;
};

class GIRIN_EXPORT join_wait final : public waiter {
 public:
    using value_type = void;
    using start = ref<queue_core>;

    explicit join_wait(ref<queue_core> core) noexcept : core_(std::move(core)) {}
    ~join_wait() override;

    bool await_ready() const noexcept { return core_->unfinished_ == 0; }
    void await_suspend(std::coroutine_handle<> caller) { wait_in(core_->joiners_, core_->bond_, caller); }
    void await_resume() {
        leave();
        resumed();
    }

 private:
    ref<queue_core> core_;
};

// A queue with its items: the order is the derived class's.
template <class T>
class queue_of : public queue_core {
 public:
    using queue_core::queue_core;

    void put(T item) {
        check_put();
        store(std::move(item));
        count_put();
    }
    T get() {
        check_get();
        T item = take();
        count_get();
        return item;
    }

 protected:
    virtual void store(T&& item) = 0;
    virtual T take() = 0;
};

template <class T>
class fifo_core final : public queue_of<T> {
 public:
    using queue_of<T>::queue_of;

 private:
    void store(T&& item) override { items_.push_back(std::move(item)); }
    T take() override {
        T item = std::move(items_.front());
        items_.pop_front();
        return item;
    }
    void discard() noexcept override { std::deque<T>().swap(items_); }

    std::deque<T> items_;
};

template <class T>
class get_wait final : public queue_wait {
 public:
    using value_type = T;
    using start = ref<queue_of<T>>;

    explicit get_wait(start queue) noexcept : queue_wait(ref<queue_core>(queue.get()), side::getter) {}

    bool await_ready() const noexcept { return possible(); }
    T await_resume() {
        finish_wait();
        try {
            return static_cast<queue_of<T>&>(core()).get();
        } catch (...) {  // of moving the item, which is for the next one then
            pass_on();
            throw;
        }
    }
};

template <class T>
class put_wait final : public queue_wait {
 public:
    using value_type = void;
    struct start {
        ref<queue_of<T>> queue;
        T item;
    };

    explicit put_wait(start s) : queue_wait(ref<queue_core>(s.queue.get()), side::putter), item_(std::move(s.item)) {}

    bool await_ready() const noexcept { return possible(); }
    void await_resume() {
        finish_wait();
        try {
            static_cast<queue_of<T>&>(core()).put(std::move(item_));
        } catch (...) {  // of storing the item, whose room is for the next one then
            pass_on();
            throw;
        }
    }

 private:
    T item_;
};

}  // namespace detail

// Items that tasks put and get, first in, first out, as many as there is room for. Copies mean the same queue, which
// lives as long as somebody has one or waits for it. Not thread-safe, and a copy counts too: another thread
// has call_soon_threadsafe put_nowait() into a queue that it refers to, not into a copy of its own. Of one loop only: a
// task of another loop that would have to wait gets a std::runtime_error.
template <class T>
class queue {
 public:
    using value_type = T;

    // Room for so many items; without limit when it is 0 or less.
    explicit queue(std::ptrdiff_t maxsize = 0) : core_(new detail::fifo_core<T>(maxsize)) {}
    queue(const queue&) noexcept = default;
    queue& operator=(const queue&) noexcept = default;

    // Waits until there is room, and adds the item; does not suspend when there is. Raises queue_shut_down. A cancelled
    // put() has added nothing, and the room it was woken for goes to the next one.
    detail::operation<detail::put_wait<T>> put(T item) const {
        return detail::operation<detail::put_wait<T>>({core_, std::move(item)});
    }
    // Waits until there is an item, takes it out and returns it; does not suspend when there is one. Raises
    // queue_shut_down when there is none and never will be. A cancelled get() has taken nothing, and the item it was
    // woken for stays for the next one.
    detail::operation<detail::get_wait<T>> get() const { return detail::operation<detail::get_wait<T>>(core_); }
    // The same without waiting: raise queue_full and queue_empty instead.
    void put_nowait(T item) const { core_->put(std::move(item)); }
    T get_nowait() const { return core_->get(); }

    // Says that an item that was got has been dealt with. std::invalid_argument when that has been said of all.
    void task_done() const { core_->task_done(); }
    // Waits until task_done() has been called for every item that was put; does not suspend when it has. Cancelling
    // ends the wait.
    detail::operation<detail::join_wait> join() const { return detail::operation<detail::join_wait>(base()); }

    // From now on put() raises queue_shut_down, also in the tasks that wait in it, and get() does when the queue is
    // empty (asyncio.Queue.shutdown). Idempotent.
    void shutdown() const { core_->shutdown(); }
    // The same, and drops the items that are still in it, which join() does not wait for any more:
    // `q.shutdown(girin::immediate)`.
    void shutdown(immediate_t) const { core_->shutdown(immediate); }

    std::size_t qsize() const noexcept { return core_->size(); }
    std::ptrdiff_t maxsize() const noexcept { return core_->maxsize(); }
    bool empty() const noexcept { return core_->size() == 0; }
    bool full() const noexcept { return core_->full(); }

 protected:
    explicit queue(detail::ref<detail::queue_of<T>> core) noexcept : core_(std::move(core)) {}

 private:
    detail::ref<detail::queue_core> base() const noexcept { return detail::ref<detail::queue_core>(core_.get()); }

    detail::ref<detail::queue_of<T>> core_;
};

}  // namespace girin
