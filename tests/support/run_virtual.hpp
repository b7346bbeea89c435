// Runs a program on a loop with virtual time.
#pragma once

#include <girin/runner.hpp>

namespace girin::test {

// The program is called as program() and returns a coroutine, whose result this returns.
template <class Program>
auto run_virtual(Program program) {
    return run(program(), {.virtual_time = true});
}

}  // namespace girin::test
