// An address of the `bind` setting, read.
#pragma once

#include <string>
#include <string_view>

namespace girin::master {

struct bind_address {
    std::string host;  // a name or a literal without brackets; of a unix socket empty
    std::string port;  // decimal
    std::string path;  // of a unix socket, else empty

    bool is_unix() const { return !path.empty(); }
    bool is_ipv6() const { return host.find(':') != std::string::npos; }
};

// Reads Gunicorn's forms: HOST:PORT, HOST (port 8000), :PORT (every IPv4 address), [IPV6]:PORT, unix:PATH; a tcp://
// before them is allowed. Throws std::invalid_argument that says what was expected.
bind_address parse_bind_address(std::string_view text);

}  // namespace girin::master
