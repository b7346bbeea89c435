// The master's end.
//
//   running   --TERM-->      graceful  every worker told to drain, graceful_timeout to do so
//   running   --INT, QUIT--> quick     INT to every worker, 2 s
//   graceful  --INT, QUIT--> quick
//   graceful, quick  --time is up--> killed    KILL to whoever is left, 1 s
//   any but running  --no worker left--> over
//   killed    --time is up--> over              a process that even KILL does not end is left to the system
#pragma once

#include "server/master/fleet.hpp"

#include <optional>
#include <string>

namespace girin::master {

class shutdown {
 public:
    explicit shutdown(fleet& workers) : fleet_(workers) {}

    // The first call decides the exit code and the reason.
    void gracefully(int exit_code = 0, std::string reason = {});
    void quickly();

    // Acts when the time of the phase is up.
    void tick();

    bool running() const { return phase_ == phase::running; }
    bool over() const;
    time_point deadline() const { return deadline_; }
    int exit_code() const { return exit_code_; }
    const std::string& reason() const { return reason_; }

 private:
    enum class phase { running, graceful, quick, killed };

    void enter(phase next, std::chrono::milliseconds limit);

    fleet& fleet_;
    phase phase_ = phase::running;
    time_point deadline_ = time_point::max();
    int exit_code_ = 0;
    std::string reason_;
};

}  // namespace girin::master
