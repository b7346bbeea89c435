// Lets the loop turn, and tells whether it has.
#pragma once

#include <girin/coro.hpp>
#include <girin/loop.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <memory>

namespace girin::test {

// Runs the callbacks that are queued now, on a loop that does not run.
inline void run_one_turn(loop& l) {
    l.stop();
    l.run_forever();
}

// Lets everything that is ready run, so many times.
inline coro<> turns(int n) {
    while (n-- > 0) co_await sleep(std::chrono::seconds(0));
}

// turned() becomes true in the next turn of the loop: whoever looks at it after an await that did not suspend finds
// it false.
class turn_watch {
 public:
    turn_watch() {
        loop::running().call_soon([flag = turned_] { *flag = true; });
    }
    bool turned() const { return *turned_; }

 private:
    std::shared_ptr<bool> turned_ = std::make_shared<bool>(false);
};

}  // namespace girin::test
