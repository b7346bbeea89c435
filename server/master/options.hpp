// What the master itself needs to know; all else is for the workers and goes by as opaque bytes.
#pragma once

#include "config/settings.hpp"
#include "server/log/log.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace girin::master {

struct options {
    // Where to listen.
    std::vector<config::bind_address> bind{{"127.0.0.1", 8000, {}}};
    // How many connections the kernel keeps waiting for each address.
    int backlog = 2048;
    // The mode that a unix socket is created without (Gunicorn's umask); nothing: this process's own.
    std::optional<config::file_mode> umask{};
    // How many worker processes serve.
    unsigned workers = 1;
    // The kind of worker, for the log only.
    std::string worker_class = "async";
    // How long a ready worker's loop may stand still before it is killed; 0 is forever.
    std::chrono::milliseconds timeout{30'000};
    // How long a worker may take until it reports ready.
    std::chrono::milliseconds boot_timeout{60'000};
    // How long a draining worker may take before it is killed.
    std::chrono::milliseconds graceful_timeout{30'000};
    // Where this process logs, as log::open has it, and from which level upwards.
    std::string errorlog = "-";
    log::level loglevel = log::level::info;
};

// One reading of the settings: the master's part, and the bytes that every worker of the generation is given.
struct configuration {
    options master;
    std::string worker_settings;
};

// Reads the settings again for a reload, and may change the current folder, which workers start in. Throws
// std::exception when they are wrong; then the old ones stay, and so does the folder.
using configuration_source = std::function<configuration()>;

}  // namespace girin::master
