// The listening sockets, opened by the master once and inherited by every worker.
#pragma once

#include "aio/unique_fd.hpp"
#include "server/master/options.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace girin::master {

class listeners {
 public:
    // Opens every address of `settings.bind`, non-blocking and close-on-exec; TCP ones with SO_REUSEADDR, and with
    // TCP_NODELAY, which accepted connections inherit. The file of a unix socket that nobody listens on any more is
    // replaced. An address in use is tried five times, `pause` apart, for the predecessor may be on its way out. Throws
    // std::invalid_argument or std::system_error whose message names the address.
    explicit listeners(const options& settings, std::chrono::milliseconds pause = std::chrono::milliseconds(200));
    listeners(const listeners&) = delete;
    listeners& operator=(const listeners&) = delete;

    // As close().
    ~listeners() = default;

    const std::vector<int>& fds() const { return fds_; }

    // Closes the sockets and removes the files of unix sockets, if they are still the ones made here. Other processes
    // may have them still, and accept who has come until now; who comes later is not let in.
    void close();

    // The addresses as they are, with the real port where 0 was asked for:
    // "http://127.0.0.1:8000,unix:/run/girin.sock".
    std::string describe() const;

 private:
    class socket_file;
    struct listener {
        unique_fd fd;
        std::string name;
        std::shared_ptr<socket_file> file;  // of a unix socket
    };

    static listener open_tcp(const config::bind_address& at, const options& settings);
    static listener open_unix(const std::string& path, const options& settings);

    std::vector<listener> open_;
    std::vector<int> fds_;
};

}  // namespace girin::master
