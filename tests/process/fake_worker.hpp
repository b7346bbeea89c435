// A worker for the master's tests: it uses the worker's side of supervision as a real one does, and speaks one line per
// connection instead of HTTP.
//
//   who      answers "PID SLOT GENERATION GREETING"     crash    aborts
//   hold     answers "held" and stays open              exit N   leaves with that code
//   hang     blocks the loop forever                    self     answers what the process was handed, as JSON
//
// Settings, one to a line: greeting=TEXT, boot=ok|hang|crash|fail CODE|slow MS, drain=ok|never.
#pragma once

#include "server/supervision/channel.hpp"
#include "server/supervision/roster.hpp"
#include "server/supervision/scoreboard_writer.hpp"
#include "server/supervision/worker_start.hpp"

#include <map>
#include <string>

class fake_worker {
 public:
    explicit fake_worker(const girin::supervision::worker_start_info& start);

    int run();

 private:
    std::string setting(const std::string& name, const std::string& otherwise) const;
    int boot();
    void wait();
    void handle_signals();
    void hear_master();
    bool accept_one();
    void serve(int fd);
    void close(int fd);
    void drain();
    std::string describe_self() const;

    girin::supervision::worker_start_info start_;
    std::string settings_;
    girin::supervision::scoreboard_writer board_;
    girin::supervision::channel master_;
    girin::supervision::roster peers_;
    girin::unique_fd signals_;
    std::map<int, int> connections_;  // descriptor to scoreboard entry
    bool last_call_ = false;
    bool draining_ = false;
};
