// The real worker_host: worker processes with their channels and scoreboards.
#pragma once

#include "server/master/listeners.hpp"
#include "server/master/worker_host.hpp"
#include "server/supervision/channel.hpp"

#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace girin::master {

class process_host final : public worker_host {
 public:
    // Every worker gets these sockets.
    process_host(std::string program, std::vector<std::string> argv, listeners& sockets,
                 std::string_view worker_settings, configuration_source source);

    time_point now() const override { return supervision::clock::now(); }
    pid_t spawn(unsigned slot, unsigned generation) override;
    void signal(pid_t pid, int signo) override;
    std::optional<time_point> heartbeat(pid_t pid) const override;
    std::vector<supervision::in_flight_request> in_flight(pid_t pid) const override;
    void admit(pid_t pid) override;
    void forget(pid_t pid) override;
    options reread() override;
    void revert() override;
    void stop_listening() override;

    struct process {
        pid_t pid;
        supervision::channel channel;
        unique_fd scoreboard;
        supervision::scoreboard_reader board;
        bool admitted = false;
    };
    std::list<process>& processes() { return processes_; }

 private:
    process& get(pid_t pid);
    const process& get(pid_t pid) const;
    static void change_to(const unique_fd& folder);
    static void introduce(process& to, const process& peer);

    std::string program_;
    std::vector<std::string> argv_;
    listeners& sockets_;
    unique_fd settings_;
    unique_fd settings_before_;
    unique_fd folder_before_;
    configuration_source source_;
    std::list<process> processes_;  // a list, because workers are started while it is walked through
};

}  // namespace girin::master
