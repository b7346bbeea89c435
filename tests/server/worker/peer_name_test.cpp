#include "server/worker/peer_name.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

using girin::worker::peer_name;

namespace {

template <class Address>
sockaddr_storage stored(const Address& a) {
    sockaddr_storage result = {};
    std::memcpy(&result, &a, sizeof a);
    return result;
}

}  // namespace

TEST_CASE("an IPv4 client has its address and port") {
    sockaddr_in from = {};
    from.sin_family = AF_INET;
    from.sin_port = htons(4711);
    inet_pton(AF_INET, "192.0.2.17", &from.sin_addr);
    const peer_name name(stored(from));
    CHECK(name.view()->host == "192.0.2.17");
    CHECK(name.view()->port == 4711);
}

TEST_CASE("an IPv6 client has its address, however long, and port") {
    for (const char* text : {"::1", "2001:db8:1234:5678:9abc:def0:1234:5678", "::ffff:255.255.255.255"}) {
        sockaddr_in6 from = {};
        from.sin6_family = AF_INET6;
        from.sin6_port = htons(80);
        inet_pton(AF_INET6, text, &from.sin6_addr);
        const peer_name name(stored(from));
        CHECK(name.view()->host == text);
        CHECK(name.view()->port == 80);
    }
}

TEST_CASE("a client of a unix socket has no address") {
    sockaddr_storage from = {};
    from.ss_family = AF_UNIX;
    CHECK_FALSE(peer_name(from).view());
    CHECK_FALSE(peer_name().view());
}
