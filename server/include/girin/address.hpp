// One end of a connection, as the contract shows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace girin {

// One end of a connection. A unix socket has its path as host and no port.
struct address {
    std::string_view host;
    std::optional<std::uint16_t> port;
};

}  // namespace girin
