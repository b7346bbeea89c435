// What a program has open to the outside: streams, servers, child processes, files. A loop that is closed closes them.
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>

namespace girin::detail {

class loop_core;

// The counted base of their cores. Not atomic: only the thread that runs the loop may touch them.
class GIRIN_EXPORT resource : public pooled {
 public:
    resource(const resource&) = delete;
    resource& operator=(const resource&) = delete;

    void add_ref() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) unused();
    }

    // For a loop that is being closed.
    static void close_all(loop_core& loop) noexcept;

 protected:
    // Belongs to the running loop; std::runtime_error when there is none.
    resource();
    virtual ~resource();

    // Its loop; null when that is closed.
    loop_core* loop() const noexcept { return loop_; }
    bool in_running_loop() const noexcept;
    // std::runtime_error when another loop runs, or none.
    void require_running_loop() const;

 private:
    // Nobody refers to it any more: deletes itself, unless it has something to do and refers to itself.
    virtual void unused() noexcept { delete this; }
    // Closes what it has open; nobody is resumed. loop() is null. May delete itself.
    virtual void loop_closed() noexcept = 0;

    void leave_loop() noexcept;

    loop_core* loop_;
    resource* next_ = nullptr;
    resource** link_ = nullptr;
    unsigned references_ = 0;
};

}  // namespace girin::detail
