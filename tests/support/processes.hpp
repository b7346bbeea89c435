// What has become of a process.
#pragma once

#include "tests/support/until.hpp"

#include <doctest/doctest.h>

#include <signal.h>

#include <cerrno>
#include <fstream>
#include <string>

namespace girin::test {

// The letter in /proc, of a process or of a thread; X when it is gone.
inline char state_of(int process) {
    std::ifstream in("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    return std::getline(in, text) ? text[text.rfind(')') + 2] : 'X';
}

// Ended and waited for.
inline bool is_gone(int process) {
    return ::kill(process, 0) != 0 && errno == ESRCH;
}

// The same for one that is not ours, which may not have been waited for.
inline bool has_ended(int process) {
    const char state = state_of(process);
    return state == 'Z' || state == 'X';
}

// Blocks until another thread waits for something, as a loop does that has nothing to do. False when it does not.
inline bool comes_to_wait(int thread) {
    return comes_true([&] { return state_of(thread) == 'S'; });
}

// The process whose number is written into the file, once it is.
inline int pid_in(const std::string& file) {
    int found = 0;
    const bool written = comes_true([&] {
        std::string line;
        std::ifstream in(file);
        if (std::getline(in, line) && !in.eof()) found = std::stoi(line);
        return found != 0;
    });
    CHECK(written);
    return found;
}

}  // namespace girin::test
