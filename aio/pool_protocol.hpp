// What a process_pool and its processes say to each other, through the one socket that they share.
//
// A message is its size in eight bytes, and then so many bytes. The process begins with `ready`. Then the pool sends
// calls, one at a time, each of which the process answers: first how it ended, then what belongs to that.
#pragma once

#include <cstdint>
#include <string>

namespace girin::detail {

// Names the descriptor of the socket in the environment of a process that is to serve instead of running main.
inline constexpr const char* pool_socket_variable = "GIRIN_POOL_SOCKET";
inline constexpr int pool_socket = 3;

inline constexpr const char* ready_message = "girin 1";

// A call is module, build-id and offset of the code, and the arguments.
enum class answer : std::uint8_t {
    returned,   // the result's bytes
    raised,     // the exception's type, and what it says
    not_called  // why
};

// Somewhere in the code that makes a program serve instead of running its main, if it is loaded at the start.
const void* serving_code() noexcept;

// From the process; false when the pool has ended.
bool send_message(int socket, const std::string& message);

}  // namespace girin::detail
