// Keeps what is logged while it lives, for a test to look at.
#pragma once

#include "server/log/log.hpp"
#include "server/supervision/memory_file.hpp"

#include <sys/mman.h>

#include <string>

class log_capture {
 public:
    explicit log_capture(girin::log::level least = girin::log::level::info)
        : file_(::memfd_create("log", MFD_CLOEXEC)) {
        girin::log::open("/proc/self/fd/" + std::to_string(file_.get()), least);
    }
    log_capture(const log_capture&) = delete;
    log_capture& operator=(const log_capture&) = delete;
    ~log_capture() { girin::log::open("-", girin::log::level::info); }

    std::string text() const { return girin::supervision::read_whole_file(file_.get()); }

    // How often `part` stands in the log.
    int count(const std::string& part) const {
        const std::string all = text();
        int found = 0;
        for (std::size_t at = all.find(part); at != all.npos; at = all.find(part, at + 1)) ++found;
        return found;
    }

 private:
    girin::unique_fd file_;
};
