#include "aio/loop_core.hpp"
#include "aio/native_address.hpp"
#include "aio/stream_core.hpp"

#include <girin/event.hpp>
#include <girin/exceptions.hpp>
#include <girin/getaddrinfo.hpp>
#include <girin/server.hpp>
#include <girin/task.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <unordered_set>
#include <utility>

namespace girin {

namespace detail {

namespace {

constexpr auto look_again = std::chrono::seconds(1);

[[noreturn]] void raise_cannot_listen(int error, const std::string& where) {
    throw std::system_error(error, std::system_category(), "cannot listen at " + where);
}

}  // namespace

class server_core final : public stream_owner {
 public:
    server_core(std::unique_ptr<client_callback> callback, server_options options)
        : options_(options), callback_(std::move(callback)) {}
    ~server_core() override;

    bool bind(const socket_address& at);
    void start();
    static coro<void> serve_forever(ref<server_core> self);
    static coro<void> wait_closed(ref<server_core> self);
    void close() noexcept;
    bool serving() const noexcept { return serving_; }
    std::vector<socket_address> addresses() const;
    // Those that are not lost. A copy, because closing one takes it out.
    std::vector<ref<stream_core>> clients() const;

 private:
    class listener;

    static coro<void> serve(ref<server_core> self, connection client);
    void welcome(int fd);
    void stream_lost(stream_core& stream) noexcept override;
    void loop_closed() noexcept override { close(); }

    const server_options options_;
    const std::unique_ptr<client_callback> callback_;
    std::vector<std::unique_ptr<listener>> listeners_;
    std::unordered_set<stream_core*> clients_;
    event closed_;          // close() was called
    event ended_;           // and every connection is lost
    bool serving_ = false;  // and refers to itself
    bool in_serve_forever_ = false;
};

class server_core::listener final : public io_op, public timer_node {
 public:
    listener(server_core& server, descriptor socket, const socket_address& at);
    ~listener() override;

    void listen(int backlog);
    void start() { socket_.start_read(*this); }

    const socket_address address;

 private:
    io_attempt attempt() noexcept override;
    void complete(std::error_code error) override;
    void run() override { start(); }

    server_core& server_;
    descriptor socket_;
    int accepted_ = -1;
    int error_ = 0;
    struct stat file_ = {};  // of a path
};

server_core::listener::listener(server_core& server, descriptor socket, const socket_address& at)
    : address(own_name(socket.fd())), server_(server), socket_(std::move(socket)) {
    if (at.family == address_family::local) ::stat(at.host.c_str(), &file_);
}

server_core::listener::~listener() {
    if (accepted_ >= 0) ::close(accepted_);
    struct stat now = {};
    const bool same = file_.st_ino != 0 && ::stat(address.host.c_str(), &now) == 0 && now.st_ino == file_.st_ino &&
                      now.st_dev == file_.st_dev;
    if (same) ::unlink(address.host.c_str());
}

void server_core::listener::listen(int backlog) {
    if (::listen(socket_.fd(), backlog) != 0) raise_cannot_listen(errno, to_string(address));
}

io_attempt server_core::listener::attempt() noexcept {
    do {
        accepted_ = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        error_ = accepted_ < 0 ? errno : 0;
    } while (error_ == EINTR || error_ == ECONNABORTED);
    return error_ == EAGAIN ? io_attempt::again : io_attempt::done;
}

// Closing the server deletes this one, and so it is the last thing that anything here may lead to.
void server_core::listener::complete(std::error_code) {
    const ref<server_core> keep(&server_);
    const int accepted = std::exchange(accepted_, -1);
    if (accepted < 0) {
        arm(time_after(look_again));
        server_.loop()->report("cannot accept a connection",
                               std::make_exception_ptr(std::system_error(error_, std::system_category(), "accept")));
        return;
    }
    start();
    server_.welcome(accepted);
}

server_core::~server_core() = default;

// Whether this machine has such addresses at all.
bool server_core::bind(const socket_address& at) {
    native_address address(at);
    auto fail = [&at](int error) { raise_cannot_listen(error, to_string(at)); };
    const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        if (errno == EAFNOSUPPORT) return false;
        fail(errno);
    }
    descriptor socket(fd);
    const int yes = 1;
    auto set = [&](int level, int option) {
        if (::setsockopt(fd, level, option, &yes, sizeof yes) != 0) fail(errno);
    };
    if (at.family == address_family::local) {
        struct stat there = {};
        if (at.host[0] != '\0' && ::stat(at.host.c_str(), &there) == 0 && S_ISSOCK(there.st_mode))
            ::unlink(at.host.c_str());
    } else {
        set(SOL_SOCKET, SO_REUSEADDR);
        if (options_.reuse_port) set(SOL_SOCKET, SO_REUSEPORT);
        if (at.family == address_family::ipv6) set(IPPROTO_IPV6, IPV6_V6ONLY);
    }
    if (::bind(fd, address.get(), address.size) != 0) {
        if (errno == EADDRNOTAVAIL && at.family == address_family::ipv6) return false;
        fail(errno);
    }
    listeners_.push_back(std::make_unique<listener>(*this, std::move(socket), at));
    return true;
}

void server_core::start() {
    require_running_loop();
    if (closed_.is_set()) throw std::runtime_error("the server is closed");
    if (serving_) return;
    for (auto& each : listeners_) each->listen(options_.backlog);
    for (auto& each : listeners_) each->start();
    add_ref();
    serving_ = true;
}

void server_core::welcome(int fd) {
    const ref<stream_core> core =
        open_socket_stream(std::make_unique<socket_transport>(descriptor(fd)), options_.limit);
    core->belongs_to(ref<stream_owner>(this));
    clients_.insert(core.get());
    create_task(serve(ref<server_core>(this), handles_of(core)));
}

coro<void> server_core::serve(ref<server_core> self, connection client) {
    try {
        co_await self->callback_->call(client.reader, client.writer);
    } catch (const keyboard_interrupt&) {
        throw;
    } catch (const cancelled_error&) {
        client.writer.close();
        throw;
    } catch (...) {
        client.writer.close();
        loop_core::running().report("unhandled exception in the callback of a server", std::current_exception());
    }
}

coro<void> server_core::serve_forever(ref<server_core> self) {
    if (self->in_serve_forever_) throw std::runtime_error("another task is in serve_forever() of this server");
    self->start();
    struct in_serve_forever {
        bool& flag;
        explicit in_serve_forever(bool& f) noexcept : flag(f) { flag = true; }
        ~in_serve_forever() { flag = false; }
    } in_serve_forever(self->in_serve_forever_);
    std::exception_ptr cancelled;
    try {
        co_await self->closed_.wait();
    } catch (const cancelled_error&) {
        cancelled = std::current_exception();
    }
    if (!cancelled) throw cancelled_error("the server was closed");
    self->close();
    for (const auto& client : self->clients()) client->close();
    co_await self->ended_.wait();
    std::rethrow_exception(cancelled);
}

coro<void> server_core::wait_closed(ref<server_core> self) {
    co_await self->ended_.wait();
}

void server_core::close() noexcept {
    if (closed_.is_set()) return;
    const ref<server_core> keep(this);
    listeners_.clear();
    closed_.set();
    if (clients_.empty()) ended_.set();
    if (std::exchange(serving_, false)) release();
}

void server_core::stream_lost(stream_core& stream) noexcept {
    clients_.erase(&stream);
    if (clients_.empty() && closed_.is_set()) ended_.set();
}

std::vector<ref<stream_core>> server_core::clients() const {
    std::vector<ref<stream_core>> result;
    for (stream_core* client : clients_) result.emplace_back(client);
    return result;
}

std::vector<socket_address> server_core::addresses() const {
    std::vector<socket_address> result;
    for (const auto& each : listeners_) result.push_back(each->address);
    return result;
}

coro<server> start_tcp_server(std::unique_ptr<client_callback> callback, std::string host, std::uint16_t port,
                              server_options options) {
    const ref<server_core> core(new server_core(std::move(callback), options));
    const auto addresses = co_await getaddrinfo(host, port, {.family = options.family, .passive = true});
    for (const socket_address& address : addresses) core->bind(address);
    if (core->addresses().empty()) raise_cannot_listen(EADDRNOTAVAIL, host + ":" + std::to_string(port));
    if (options.start_serving) core->start();
    co_return server(ref<resource>(core.get()));
}

coro<server> start_local_server(std::unique_ptr<client_callback> callback, std::string path, server_options options) {
    const ref<server_core> core(new server_core(std::move(callback), options));
    core->bind({.family = address_family::local, .host = std::move(path)});
    if (options.start_serving) core->start();
    co_return server(ref<resource>(core.get()));
}

}  // namespace detail

namespace {

using detail::server_core;

server_core& core_of(const detail::ref<detail::resource>& core) {
    return static_cast<server_core&>(*core);
}

}  // namespace

void server::start_serving() const {
    core_of(core_).start();
}

coro<void> server::serve_forever() const {
    return server_core::serve_forever(detail::ref<server_core>(&core_of(core_)));
}

bool server::is_serving() const noexcept {
    return core_of(core_).serving();
}

void server::close() const {
    core_of(core_).close();
}

void server::close_clients() const {
    for (const auto& client : core_of(core_).clients()) client->close();
}

void server::abort_clients() const {
    for (const auto& client : core_of(core_).clients()) client->abort();
}

coro<void> server::wait_closed() const {
    return server_core::wait_closed(detail::ref<server_core>(&core_of(core_)));
}

std::vector<socket_address> server::sockets() const {
    return core_of(core_).addresses();
}

std::uint16_t server::port() const {
    const auto addresses = core_of(core_).addresses();
    if (addresses.empty()) throw std::runtime_error("the server is closed");
    return addresses.front().port;
}

}  // namespace girin
