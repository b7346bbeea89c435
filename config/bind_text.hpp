// Addresses to listen at, as people write them.
#pragma once

#include "config/settings.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace girin::config {

// HOST:PORT, [IPV6]:PORT, :PORT (all IPv4 interfaces) or unix:PATH; nothing for anything else. Names are not looked up.
std::optional<bind_address> parse_bind(std::string_view text);

// The text that parses to `address`.
std::string bind_text(const bind_address& address);

}  // namespace girin::config
