// Runs a program on a virtual-time loop and compares the events it notes with a golden trace of CPython's asyncio.
#pragma once

#include <girin/runner.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace girin::test {

class trace {
 public:
    template <class... Words>
    void operator()(const Words&... words) {
        std::ostringstream event;
        event << std::boolalpha;
        const char* gap = "";
        ((event << gap << words, gap = " "), ...);
        events_ += (events_.empty() ? "" : " | ") + event.str();
    }
    const std::string& events() const { return events_; }

 private:
    std::string events_;
};

// The program is called as program(ev) and returns a coro<>.
template <class Program>
std::string run_traced(Program program, loop_options options = {.virtual_time = true}) {
    trace ev;
    run(program(ev), options);
    return ev.events();
}

}  // namespace girin::test
