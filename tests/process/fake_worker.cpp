#include "tests/process/fake_worker.hpp"

#include "server/log/log.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <vector>

namespace supervision = girin::supervision;
namespace log = girin::log;

fake_worker::fake_worker(const supervision::worker_start_info& start)
    : start_(start),
      settings_(supervision::read_whole_file(start.settings)),
      board_(start.scoreboard, start.slot, start.generation),
      master_(girin::unique_fd(start.channel)) {}

std::string fake_worker::setting(const std::string& name, const std::string& otherwise) const {
    std::istringstream lines(settings_);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
    return otherwise;
}

int fake_worker::boot() {
    std::istringstream how(setting("boot", "ok"));
    std::string word;
    int number = 0;
    how >> word >> number;
    if (word == "crash") std::abort();
    if (word == "hang") ::pause();
    if (word == "slow") ::usleep(static_cast<useconds_t>(number) * 1000);
    if (word == "fail") master_.send(supervision::message::boot_failed(number, "no such\ntable"));
    return word == "fail" ? number : 0;
}

int fake_worker::run() {
    if (const int code = boot(); code != 0) return code;
    sigset_t set;
    sigemptyset(&set);
    for (const int signo : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, signo);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));

    board_.beat(supervision::clock::now());
    board_.set_state(supervision::worker_state::ready);
    master_.send(supervision::message::ready());
    while (!draining_ || !connections_.empty()) wait();
    log::info("Worker exiting (pid: " + std::to_string(::getpid()) + ")");
    return 0;
}

void fake_worker::wait() {
    const bool welcome = !draining_ && peers_.may_accept(connections_.size(), supervision::clock::now());
    std::vector<pollfd> polled{{signals_.get(), POLLIN, 0}, {master_.fd(), POLLIN, 0}};
    for (const auto& [fd, entry] : connections_) polled.push_back({fd, POLLIN, 0});
    const std::size_t served = polled.size();
    for (const int fd : start_.listeners) polled.push_back({welcome ? fd : -1, POLLIN, 0});
    ::poll(polled.data(), polled.size(), welcome ? static_cast<int>(supervision::heartbeat_interval.count()) : 1);
    board_.beat(supervision::clock::now());
    handle_signals();
    hear_master();
    for (std::size_t i = 2; i < served; ++i)
        if (polled[i].revents != 0) serve(polled[i].fd);
    if (welcome) accept_one();
}

void fake_worker::handle_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        if (info.ssi_signo == SIGINT) ::_exit(0);
        if (info.ssi_signo == SIGTERM && setting("drain", "ok") != "never") {
            hear_master();
            drain();
        }
        if (info.ssi_signo == SIGUSR1) {
            log::reopen();
            log::info("Reopened");
        }
    }
}

void fake_worker::hear_master() {
    using supervision::channel;
    supervision::message said;
    for (;;) {
        const channel::received what = master_.receive(said, channel::descriptors::accept);
        if (what == channel::received::message) {
            peers_.apply(said);
            last_call_ |= said.what == supervision::message::kind::last_call;
        }
        if (what == channel::received::nothing) return;
        if (what == channel::received::closed) {
            last_call_ = true;
            if (!draining_) log::info("Parent changed, shutting down");
            return drain();
        }
    }
}

bool fake_worker::accept_one() {
    for (const int listener : start_.listeners) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) continue;
        board_.connection_opened();
        connections_[fd] = -1;
        return true;
    }
    return false;
}

void fake_worker::drain() {
    if (draining_) return;
    while (last_call_ && accept_one()) {
    }
    draining_ = true;
    board_.set_state(supervision::worker_state::draining);
}

void fake_worker::close(int fd) {
    board_.request_ended(connections_[fd]);
    board_.connection_closed();
    connections_.erase(fd);
    ::close(fd);
}

void fake_worker::serve(int fd) {
    std::array<char, 256> buffer;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return close(fd);
    std::istringstream line(std::string(buffer.data(), static_cast<std::size_t>(got)));
    std::string command;
    int number = 0;
    line >> command >> number;
    connections_[fd] = board_.request_began("GET /" + command, supervision::clock::now());
    if (command == "crash") std::abort();
    if (command == "exit") ::_exit(number);
    if (command == "hang")
        for (;;) ::pause();
    std::string answer = "held\n";
    if (command == "self") answer = describe_self();
    if (command == "who")
        answer = std::to_string(::getpid()) + " " + std::to_string(start_.slot) + " " +
                 std::to_string(start_.generation) + " " + setting("greeting", "-") + "\n";
    ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    if (command != "hold") close(fd);
}

std::string fake_worker::describe_self() const {
    std::vector<std::string> descriptors;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        descriptors.push_back("\"" + std::filesystem::read_symlink(entry.path()).string() + "\"");
    std::string list;
    for (const std::string& each : descriptors) list += (list.empty() ? "" : ", ") + each;
    return "{\"pid\": " + std::to_string(::getpid()) + ", \"group\": " + std::to_string(::getpgrp()) +
           ", \"peers\": " + std::to_string(peers_.size()) +
           ", \"variable\": " + (std::getenv(supervision::worker_variable) != nullptr ? "true" : "false") +
           ", \"descriptors\": [" + list + "]}\n";
}
