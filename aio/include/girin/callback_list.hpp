// A FIFO of callbacks: the ready queue, and what waits for a future. Intrusive, so nothing is allocated.
#pragma once

#include <girin/export.hpp>

#include <source_location>

namespace girin::detail {

class future_core;

struct callback_link {
    callback_link* prev = this;
    callback_link* next = this;
};

// An entry of the ready queue or of a future's callback list: an intrusive link that leaves its list when it is
// destroyed.
class GIRIN_EXPORT callback_node : private callback_link {
 public:
    callback_node() noexcept = default;
    callback_node(const callback_node&) = delete;
    callback_node& operator=(const callback_node&) = delete;
    virtual ~callback_node() {
        if (linked()) unlink();
    }

    // Runs the callback in its turn. Only what stops the whole loop (keyboard_interrupt) may come out of it.
    virtual void run() = 0;

    // The loop was closed or the future is gone: the callback will never run. The node is already out of its list.
    virtual void drop() noexcept {}

    // The task or future that goes on when it has run, or null.
    virtual const future_core* serves() const noexcept { return nullptr; }
    // Where it was scheduled; nowhere if it is no plain callback.
    virtual std::source_location where() const noexcept { return {}; }

    bool linked() const noexcept { return next != this; }
    void unlink() noexcept {
        prev->next = next;
        next->prev = prev;
        prev = next = this;
    }

 private:
    friend class callback_list;
};

class callback_list {
 public:
    callback_list() = default;
    callback_list(const callback_list&) = delete;
    callback_list& operator=(const callback_list&) = delete;
    ~callback_list() { drop_all(); }

    bool empty() const noexcept { return head_.next == &head_; }

    void push_back(callback_node& node) noexcept {
        callback_link& link = node;
        link.prev = head_.prev;
        link.next = &head_;
        link.prev->next = head_.prev = &link;
    }

    // The list must not be empty.
    callback_node& front() const noexcept { return static_cast<callback_node&>(*head_.next); }
    // Takes the node out; null when there is none.
    callback_node* pop_front() noexcept {
        if (empty()) return nullptr;
        callback_node& first = front();
        first.unlink();
        return &first;
    }

    // Moves all of `other` behind, or before, what is here, in its order.
    void append(callback_list& other) noexcept { splice(other, *head_.prev, head_); }
    void prepend(callback_list& other) noexcept { splice(other, head_, *head_.next); }

    template <class F>
    void for_each(F f) const {
        for (const callback_link* link = head_.next; link != &head_; link = link->next)
            f(static_cast<const callback_node&>(*link));
    }

    void drop_all() noexcept {
        while (callback_node* node = pop_front()) node->drop();
    }

 private:
    static void splice(callback_list& other, callback_link& before, callback_link& after) noexcept {
        if (other.empty()) return;
        callback_link* first = other.head_.next;
        callback_link* last = other.head_.prev;
        other.head_.prev = other.head_.next = &other.head_;
        first->prev = &before;
        last->next = &after;
        before.next = first;
        after.prev = last;
    }

    callback_link head_;
};

}  // namespace girin::detail
