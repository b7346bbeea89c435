#include "server/master/master.hpp"

#include "server/log/log.hpp"
#include "server/master/listeners.hpp"
#include "server/master/process_host.hpp"
#include "server/master/program_path.hpp"
#include "server/master/signals.hpp"
#include "server/master/supervisor.hpp"
#include "server/supervision/exit_codes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <string>

namespace girin::master {
namespace {

using supervision::channel;
using supervision::message;

constexpr int messages_per_turn = 16;  // of one worker, so that none can keep the master busy

// Whoever started this process without 0, 1 or 2 must not get a listener's bytes printed into.
void occupy_standard_descriptors() {
    int fd;
    do fd = ::open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    ::close(fd);
}

class master_loop {
 public:
    master_loop(process_host& host, signal_source& signals, const options& settings)
        : host_(host), signals_(signals), supervisor_(host, settings) {}

    int run() {
        supervisor_.start();
        while (!supervisor_.over()) {
            wait();
            for (process_host::process& worker : host_.processes()) listen_to(worker);
            while (const std::optional<int> signo = signals_.next()) {
                if (*signo == SIGCHLD)
                    reap();
                else
                    supervisor_.handle(*signo);
            }
            supervisor_.tick();
        }
        return supervisor_.ending().exit_code();
    }

    const std::string& reason() const { return supervisor_.ending().reason(); }

 private:
    void wait() {
        std::vector<pollfd> polled{{signals_.fd(), POLLIN, 0}};
        for (const process_host::process& worker : host_.processes())
            polled.push_back({worker.channel.fd(), POLLIN, 0});
        const auto pause = std::chrono::ceil<std::chrono::milliseconds>(supervisor_.next_tick() - host_.now());
        ::poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(0, pause.count())));
    }

    void listen_to(process_host::process& worker) {
        message said;
        for (int i = 0; i < messages_per_turn; ++i) {
            switch (worker.channel.receive(said, channel::descriptors::refuse)) {
                case channel::received::nothing:
                    return;
                case channel::received::closed:
                    worker.channel = channel();
                    return;
                case channel::received::unknown:
                    break;
                case channel::received::message:
                    if (said.what == message::kind::ready) supervisor_.ready(worker.pid);
                    if (said.what == message::kind::boot_failed) supervisor_.boot_failed(worker.pid, said.text);
            }
        }
    }

    void reap() {
        auto& workers = host_.processes();
        for (auto next = workers.begin(); next != workers.end();) {
            process_host::process& worker = *next++;
            int status = 0;
            if (::waitpid(worker.pid, &status, WNOHANG) != worker.pid) continue;
            listen_to(worker);
            supervisor_.died(worker.pid, status);
        }
        if (::getpid() == 1) reap_strangers();
    }

    // The first dead process in the kernel's list may be a worker that died just now: its own SIGCHLD is on the way.
    void reap_strangers() {
        siginfo_t dead{};
        while (::waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid != 0) {
            const auto& workers = host_.processes();
            if (std::any_of(workers.begin(), workers.end(), [&](const auto& each) { return each.pid == dead.si_pid; }))
                return;
            ::waitpid(dead.si_pid, nullptr, WNOHANG);
            dead = {};
        }
    }

    process_host& host_;
    signal_source& signals_;
    supervisor supervisor_;
};

}  // namespace

int run(const configuration& initial, const std::vector<std::string>& argv, configuration_source source) try {
    occupy_standard_descriptors();
    const std::string program = program_path(argv.at(0));
    if (!source) source = [initial] { return initial; };
    signal_source signals;
    log::info("Starting girin " GIRIN_VERSION);
    listeners sockets(initial.master);
    log::info("Listening at: " + sockets.describe() + " (" + std::to_string(::getpid()) + ")");
    log::info("Using worker: " + initial.master.worker_class);
    process_host host(program, argv, sockets, initial.worker_settings, std::move(source));
    master_loop loop(host, signals, initial.master);
    const int code = loop.run();
    const log::level severity = code == 0 ? log::level::info : log::level::error;
    log::write(severity, "Shutting down: Master");
    if (!loop.reason().empty()) log::write(severity, "Reason: " + loop.reason());
    return code;
} catch (const std::exception& error) {
    log::error(error.what());
    return supervision::exit_settings;
}

}  // namespace girin::master
