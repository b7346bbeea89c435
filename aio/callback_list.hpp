// A FIFO of callback_nodes: the ready queue, and the callbacks of a future. Intrusive, so nothing is allocated.
#pragma once

#include <girin/wait_point.hpp>

namespace girin::detail {

class callback_list {
 public:
    callback_list() = default;
    ~callback_list() {
        while (callback_node* node = pop_front()) node->drop();
    }

    bool empty() const noexcept { return !head_.linked(); }

    void push_back(callback_node& node) noexcept { link(node, *head_.prev_, head_); }

    // Takes the node out; null when there is none.
    callback_node* pop_front() noexcept {
        if (empty()) return nullptr;
        callback_node* first = head_.next_;
        first->unlink();
        return first;
    }

    // Moves all of `other` behind, or before, what is here, in its order.
    void append(callback_list& other) noexcept { splice(other, *head_.prev_, head_); }
    void prepend(callback_list& other) noexcept { splice(other, head_, *head_.next_); }

 private:
    struct sentinel final : callback_node {
        void run() override {}
    };

    static void link(callback_node& node, callback_node& before, callback_node& after) noexcept {
        node.prev_ = &before;
        node.next_ = &after;
        before.next_ = after.prev_ = &node;
    }

    static void splice(callback_list& other, callback_node& before, callback_node& after) noexcept {
        if (other.empty()) return;
        callback_node* first = other.head_.next_;
        callback_node* last = other.head_.prev_;
        other.head_.next_ = other.head_.prev_ = &other.head_;
        first->prev_ = &before;
        last->next_ = &after;
        before.next_ = first;
        after.prev_ = last;
    }

    sentinel head_;
};

}  // namespace girin::detail
