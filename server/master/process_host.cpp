#include "server/master/process_host.hpp"

#include "server/log/log.hpp"
#include "server/master/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>

namespace girin::master {

using supervision::message;

process_host::process_host(std::string program, std::vector<std::string> argv, listeners& sockets,
                           std::string_view worker_settings, configuration_source source)
    : program_(std::move(program)),
      argv_(std::move(argv)),
      sockets_(sockets),
      settings_(supervision::create_sealed_file("girin-settings", worker_settings)),
      source_(std::move(source)) {}

pid_t process_host::spawn(unsigned slot, unsigned generation) {
    unique_fd scoreboard = supervision::create_memory_file("girin-scoreboard", supervision::scoreboard_file_bytes);
    supervision::scoreboard_reader board(scoreboard.get());
    auto [mine, theirs] = supervision::channel::pair();
    const pid_t pid = master::spawn(program_, argv_,
                                    {.listeners = sockets_.fds(),
                                     .settings = settings_.get(),
                                     .scoreboard = scoreboard.get(),
                                     .channel = theirs.fd(),
                                     .slot = slot,
                                     .generation = generation});
    processes_.push_back({pid, std::move(mine), std::move(scoreboard), std::move(board)});
    return pid;
}

void process_host::signal(pid_t pid, int signo) {
    ::kill(pid, signo);
}

std::optional<time_point> process_host::heartbeat(pid_t pid) const {
    const process& worker = get(pid);
    if (!worker.board.readable()) return std::nullopt;
    return worker.board.heartbeat();
}

std::vector<supervision::in_flight_request> process_host::in_flight(pid_t pid) const {
    return get(pid).board.in_flight(now());
}

void process_host::admit(pid_t pid) {
    process& newcomer = get(pid);
    for (process& peer : processes_) {
        if (!peer.admitted) continue;
        introduce(peer, newcomer);
        introduce(newcomer, peer);
    }
    newcomer.admitted = true;
}

void process_host::introduce(process& to, const process& peer) {
    try {
        to.channel.send(message::peer_joined(peer.pid, supervision::reopen_read_only(peer.scoreboard.get())));
    } catch (const std::system_error& error) {
        log::warning(std::string("Workers cannot balance their load: ") + error.what());
    }
}

void process_host::forget(pid_t pid) {
    std::erase_if(processes_, [&](const process& worker) { return worker.pid == pid; });
    for (process& peer : processes_)
        if (peer.admitted) peer.channel.send(message::peer_left(pid));
}

options process_host::reread() {
    unique_fd folder(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    try {
        configuration fresh = source_();
        unique_fd settings = supervision::create_sealed_file("girin-settings", fresh.worker_settings);
        settings_before_ = std::exchange(settings_, std::move(settings));
        folder_before_ = std::move(folder);
        return fresh.master;
    } catch (...) {
        change_to(folder);
        throw;
    }
}

void process_host::revert() {
    settings_ = std::move(settings_before_);
    change_to(folder_before_);
}

void process_host::change_to(const unique_fd& folder) {
    if (folder && ::fchdir(folder.get()) < 0)
        log::warning(std::string("Workers start in another folder: ") + std::strerror(errno));
}

void process_host::stop_listening() {
    sockets_.close();
    for (process& worker : processes_) worker.channel.send(message::last_call());
}

process_host::process& process_host::get(pid_t pid) {
    const auto found =
        std::find_if(processes_.begin(), processes_.end(), [&](const process& worker) { return worker.pid == pid; });
    if (found == processes_.end()) throw std::out_of_range("no worker has pid " + std::to_string(pid));
    return *found;
}

const process_host::process& process_host::get(pid_t pid) const {
    return const_cast<process_host*>(this)->get(pid);
}

}  // namespace girin::master
