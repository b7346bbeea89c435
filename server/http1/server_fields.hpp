// The fields that the server adds to a response that lacks them: Date and Server.
#pragma once

#include "server/http1/date.hpp"

#include <array>
#include <ctime>
#include <string_view>

namespace girin::http1 {

// Their lines, with CRLF, ready to be put into a head. Views end with the next set_time.
class server_fields {
 public:
    // Which of them are sent.
    struct choice {
        bool date = true;
        bool server = true;
    };
    explicit server_fields(std::time_t now, choice sent);
    explicit server_fields(std::time_t now) : server_fields(now, choice()) {}

    // Brings the date up to `now`.
    void set_time(std::time_t now);

    // Empty when it is not sent.
    std::string_view date() const { return {date_.data(), sent_.date ? date_.size() : 0}; }
    std::string_view server() const { return sent_.server ? "server: girin\r\n" : std::string_view(); }

 private:
    choice sent_;
    std::time_t time_;
    std::array<char, 6 + std::tuple_size_v<date_text> + 2> date_;
};

}  // namespace girin::http1
