#include <girin/asio.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

template <class Program>
void run_here(Program program) {
    run(program());
}

tcp::acceptor local_acceptor() {
    return tcp::acceptor(get_io_context(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
}

coro<std::string> outcome_of(task<> t) {
    try {
        co_await t;
    } catch (const cancelled_error& e) {
        co_return "cancelled:" + e.message();
    } catch (const boost::system::system_error&) {
        co_return "system_error";
    }
    co_return "done";
}

// An operation of any signature, as a function of what it has to do.
template <class Signature, class Initiation>
auto operation(Initiation initiation) {
    return boost::asio::async_initiate<const use_coro_t, Signature>(std::move(initiation), use_coro);
}

// Completes soon, with these values.
template <class Signature, class... Values>
auto operation_with(Values... values) {
    return operation<Signature>([=](auto handler) {
        boost::asio::post(get_io_context(), [=, handler = std::move(handler)]() mutable { handler(values...); });
    });
}

using completion = std::function<void(boost::system::error_code, int)>;

// Completes when it is told to, and ignores cancellation.
auto stubborn_operation(completion& complete) {
    return operation<void(boost::system::error_code, int)>(
        [&complete](auto handler) { complete = std::move(handler); });
}

}  // namespace

TEST_CASE("a socket connects, accepts, reads and writes in tasks") {
    run_here([]() -> coro<> {
        tcp::acceptor acceptor = local_acceptor();
        auto serve = [&]() -> coro<> {
            tcp::socket peer = co_await acceptor.async_accept(use_coro);
            std::array<char, 16> buffer;
            std::size_t got = co_await peer.async_read_some(boost::asio::buffer(buffer), use_coro);
            co_await boost::asio::async_write(peer, boost::asio::buffer(buffer, got), use_coro);
        };
        auto server = create_task(serve());
        tcp::socket client(get_io_context());
        co_await client.async_connect(acceptor.local_endpoint(), use_coro);
        co_await boost::asio::async_write(client, boost::asio::buffer("hello", 5), use_coro);
        std::array<char, 5> answer;
        std::size_t got = co_await boost::asio::async_read(client, boost::asio::buffer(answer), use_coro);
        CHECK(got == 5);
        CHECK(std::string(answer.data(), got) == "hello");
        co_await server;
        bool ended = false;
        try {
            co_await client.async_read_some(boost::asio::buffer(answer), use_coro);
        } catch (const boost::system::system_error& e) {
            ended = e.code() == boost::asio::error::eof;
        }
        CHECK(ended);
    });
}

TEST_CASE("a timer of Asio's waits, and its cancellation by others is an error") {
    run_here([]() -> coro<> {
        boost::asio::steady_timer timer(get_io_context(), 1ms);
        co_await timer.async_wait(use_coro);
        timer.expires_after(1h);
        auto t = create_task([&]() -> coro<> { co_await timer.async_wait(use_coro); });
        co_await sleep(0s);
        timer.cancel();
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "system_error");
    });
}

TEST_CASE("a resolver resolves") {
    run_here([]() -> coro<> {
        tcp::resolver resolver(get_io_context());
        auto found = co_await resolver.async_resolve("127.0.0.1", "80", use_coro);
        REQUIRE_FALSE(found.empty());
        CHECK(found.begin()->endpoint().port() == 80);
    });
}

TEST_CASE("cancelling the task cancels the operation") {
    run_here([]() -> coro<> {
        tcp::acceptor acceptor = local_acceptor();
        boost::asio::steady_timer timer(get_io_context(), 1h);
        auto accepting = create_task([&]() -> coro<> { co_await acceptor.async_accept(use_coro); });
        auto waiting = create_task([&]() -> coro<> { co_await timer.async_wait(use_coro); });
        auto before = create_task([&]() -> coro<> {
            current_task().cancel("before");
            co_await timer.async_wait(use_coro);
        });
        co_await sleep(1ms);
        accepting.cancel("a");
        accepting.cancel("b");
        waiting.cancel("w");
        auto of_accepting = co_await outcome_of(accepting);
        auto of_waiting = co_await outcome_of(waiting);
        auto of_before = co_await outcome_of(before);
        CHECK(of_accepting == "cancelled:b");
        CHECK(of_waiting == "cancelled:w");
        CHECK(of_before == "cancelled:before");
        CHECK_THROWS_AS(co_await wait_for([](auto& t) -> coro<> { co_await t.async_wait(use_coro); }(timer), 1ms),
                        timeout_error);
    });
}

TEST_CASE("an operation that ignores cancellation is waited for") {
    run_here([]() -> coro<> {
        completion complete;
        auto t = create_task([&]() -> coro<> { co_await stubborn_operation(complete); });
        co_await sleep(0s);
        t.cancel("now");
        co_await sleep(1ms);
        CHECK_FALSE(t.done());
        complete({}, 1);
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "cancelled:now");
    });
}

TEST_CASE("results may be several, one or none, and errors may be exceptions") {
    run_here([]() -> coro<> {
        co_await boost::asio::post(get_io_context(), use_coro);
        int one = co_await operation_with<void(boost::system::error_code, int)>(boost::system::error_code(), 7);
        CHECK(one == 7);
        auto two = co_await operation_with<void(int, std::string)>(1, std::string("two"));
        CHECK(two == std::tuple(1, std::string("two")));
        auto raised = std::make_exception_ptr(std::domain_error("x"));
        CHECK_THROWS_AS(co_await operation_with<void(std::exception_ptr)>(raised), std::domain_error);
    });
}

TEST_CASE("an operation may complete inside its initiation, or fail to start") {
    auto program = []() -> coro<> {
        int value = co_await operation<void(int)>([](auto handler) { handler(3); });
        CHECK(value == 3);
        CHECK_THROWS_AS(co_await operation<void(int)>([](auto) { throw std::domain_error("x"); }), std::domain_error);
        co_await sleep(1h);  // virtual time would not pass if one of them were still awaited
    };
    run(program(), {.virtual_time = true});
}

TEST_CASE("an operation of another thread's executor completes on the loop") {
    run_here([]() -> coro<> {
        boost::asio::thread_pool pool(1);
        auto here = std::this_thread::get_id();
        for (int i = 0; i < 100; ++i) {
            co_await boost::asio::post(pool, use_coro);
            REQUIRE(std::this_thread::get_id() == here);
        }
        pool.join();
    });
}

TEST_CASE("an exception from a handler of Asio's is reported, and endless handlers starve nobody") {
    run_here([]() -> coro<> {
        std::vector<std::string> reported;
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        boost::asio::post(get_io_context(), [] { throw std::domain_error("x"); });
        while (reported.empty()) co_await sleep(100us);
        CHECK(reported == std::vector<std::string>{"Exception in callback"});
        loop::running().set_exception_handler(nullptr);

        bool stop = false;
        std::function<void()> again = [&] {
            if (!stop) boost::asio::post(get_io_context(), again);
        };
        again();
        co_await sleep(1ms);
        for (int i = 0; i < 200; ++i) co_await sleep(0s);
        stop = true;
        co_await sleep(1ms);
    });
}

TEST_CASE("many operations at once, some cancelled, all end") {
    run_here([]() -> coro<> {
        std::vector<std::unique_ptr<boost::asio::steady_timer>> timers;
        std::vector<task<>> tasks;
        for (int i = 0; i < 200; ++i) {
            timers.push_back(
                std::make_unique<boost::asio::steady_timer>(get_io_context(), std::chrono::microseconds(i * 10)));
            tasks.push_back(
                create_task([](auto* timer) -> coro<> { co_await timer->async_wait(use_coro); }, timers.back().get()));
        }
        co_await sleep(1ms);
        for (std::size_t i = 0; i < tasks.size(); i += 2) tasks[i].cancel();
        co_await gather(return_exceptions, tasks);
        for (auto& t : tasks) CHECK(t.done());
    });
}

TEST_CASE("a loop can be closed while operations of Asio's are under way") {
    auto alive = std::make_shared<int>();
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task([alive]() -> coro<> {
                tcp::acceptor acceptor = local_acceptor();
                co_await acceptor.async_accept(use_coro);
            });
            create_task([alive]() -> coro<> {
                boost::asio::steady_timer timer(get_io_context(), 1h);
                co_await timer.async_wait(use_coro);
            });
            create_task([alive]() -> coro<> {
                tcp::resolver resolver(get_io_context());
                co_await resolver.async_resolve("localhost", "80", use_coro);
            });
            boost::asio::post(get_io_context(), [alive] {});
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
        l.close();
        CHECK(alive.use_count() <= 2);
    }
    CHECK(alive.use_count() == 1);
}
