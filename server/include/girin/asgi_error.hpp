// What goes wrong between server and application.
#pragma once

#include <girin/export.hpp>

#include <stdexcept>
#include <system_error>

namespace girin {

// The application broke the contract: a message out of order, an unknown status, a header no one may send. Raised out
// of send() or receive(); nothing of the offending message has reached the wire.
class GIRIN_EXPORT asgi_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
    asgi_error(const asgi_error&) = default;
    ~asgi_error() override;
};

// Raised by send() once the client has left, the OSError of ASGI 2.4. The server swallows it when it comes back out of
// the application, so a handler need not catch it.
class GIRIN_EXPORT client_disconnected : public std::system_error {
 public:
    client_disconnected();
    client_disconnected(const client_disconnected&) = default;
    ~client_disconnected() override;
};

}  // namespace girin
