// The worker's access log: the lines of one turn leave with one write.
#pragma once

#include "server/log/access_log.hpp"
#include "server/log/log_file.hpp"

#include <girin/wait_point.hpp>

#include <string>

namespace girin::worker {

class access_log final : private girin::detail::callback_node {
 public:
    // Throws std::system_error when the file cannot be opened, std::invalid_argument for a bad format.
    access_log(const std::string& file, const std::string& format)
        : file_(file, 1), format_(format), shows_response_fields_(format_.shows_response_fields()) {}

    void add(const log::access_record& record);
    bool shows_response_fields() const noexcept { return shows_response_fields_; }
    void reopen() { file_.reopen(); }
    // Writes what is left.
    void flush();

 private:
    void run() override { flush(); }

    log::log_file file_;
    log::access_log_format format_;
    bool shows_response_fields_;
    std::string lines_;
};

}  // namespace girin::worker
