#include <girin/asgi_error.hpp>

namespace girin {

asgi_error::~asgi_error() = default;

client_disconnected::client_disconnected()
    : std::system_error(std::make_error_code(std::errc::broken_pipe), "the client has disconnected") {}

client_disconnected::~client_disconnected() = default;

}  // namespace girin
