// What a loop's tasks are waiting for, asked from outside: also of a loop that is stuck.
#pragma once

#include <girin/export.hpp>

namespace girin {

// Writes the tasks of the loop that runs in this thread to a descriptor, each with its coroutines and where they wait
// or have last awaited, innermost first: at most 1,000 tasks, and of each the 50 outermost and the 50 innermost
// coroutines. Reads memory and calls write(2), and so may be called in a signal handler, whatever that has interrupted.
// In a thread without a loop it says so.
GIRIN_EXPORT void dump_tasks(int fd = 2) noexcept;

// From now on the signal has the thread that it reaches dump its tasks, and go on (faulthandler.register). A signal of
// the process reaches its main thread; pthread_kill picks another. A fault (SIGSEGV) is dumped once, and then ends the
// process as ever. Throws std::system_error.
GIRIN_EXPORT void dump_tasks_on(int signo, int fd = 2);

}  // namespace girin
