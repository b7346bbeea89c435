#include "tests/support/full_pool.hpp"
#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/turns.hpp"

#include <girin/default_executor.hpp>
#include <girin/file.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using girin::test::full_pool;
using girin::test::message_of;
using girin::test::open_descriptors;
using girin::test::outcome_of;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;
using girin::test::until;

namespace {

void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("a file is written, and read in pieces, in lines and as a whole") {
    const auto before = open_descriptors();
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        auto out = co_await file::open(folder.path("f"), "w");
        CHECK(out.name() == folder.path("f"));
        co_await out.write("one\ntwo\n\n");
        co_await out.write("last");
        CHECK(read_file(folder.path("f")) == "one\ntwo\n\nlast");
        co_await out.close();
        auto in = co_await file::open(folder.path("f"));
        auto none = co_await in.read(0);
        CHECK(none == "");
        auto two = co_await in.read(2);
        CHECK(two == "on");
        auto line = co_await in.readline();
        CHECK(line == "e\n");
        std::string rest;
        while (auto each = co_await in.next()) rest += "[" + *each + "]";
        CHECK(rest == "[two\n][\n][last]");
        auto end = co_await in.read(1);
        CHECK(end == "");
        co_await in.seek(0);
        auto all = co_await in.read();
        CHECK(all == "one\ntwo\n\nlast");
        co_await in.seek(-4, file::from::end);
        auto more_than_there_is = co_await in.read(100);
        CHECK(more_than_there_is == "last");
    });
    CHECK(open_descriptors() == before);
}

TEST_CASE("files and lines may be longer than what is read at once") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        const std::string line(200'000, 'x');
        write_file(folder.path("f"), line + "\n" + line + "\n" + line);
        auto f = co_await file::open(folder.path("f"));
        auto first = co_await f.readline();
        bool same = first == line + "\n";
        CHECK(same);
        auto exactly = co_await f.read(200'001);
        same = exactly == line + "\n";
        CHECK(same);
        auto rest = co_await f.read();
        same = rest == line;
        CHECK(same);
    });
}

TEST_CASE("lines that have been read ahead are had at once") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        write_file(folder.path("f"), "a\nb\n");
        auto f = co_await file::open(folder.path("f"));
        co_await f.readline();
        turn_watch watch;
        auto b = co_await f.readline();
        CHECK(b == "b\n");
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("the position is where the next byte is read or written") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        write_file(folder.path("f"), "0123456789");
        auto f = co_await file::open(folder.path("f"), "r+");
        co_await f.read(3);
        auto at = co_await f.tell();
        CHECK(at == 3);
        co_await f.write("abc");
        auto next = co_await f.read(1);
        CHECK(next == "6");
        at = co_await f.seek(-2, file::from::position);
        CHECK(at == 5);
        auto rest = co_await f.read();
        CHECK(rest == "c6789");
        at = co_await f.seek(1, file::from::end);
        CHECK(at == 11);
        auto nothing = co_await f.read(1);
        CHECK(nothing == "");
        auto wrong = co_await message_of(f.seek(-1));
        CHECK(wrong == "cannot seek in " + folder.path("f") + ": Invalid argument");
    });
}

TEST_CASE("truncate drops the end or adds zeros, and size tells") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        write_file(folder.path("f"), "0123456789");
        auto f = co_await file::open(folder.path("f"), "r+");
        co_await f.read(2);
        co_await f.truncate(5);
        auto size = co_await f.size();
        CHECK(size == 5);
        auto rest = co_await f.read();
        CHECK(rest == "234");
        co_await f.truncate(7);
        auto zeros = co_await f.read();
        CHECK(zeros == std::string(2, '\0'));
        co_await f.sync();
    });
}

TEST_CASE("the modes are Python's") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        const std::string path = folder.path("f");
        auto missing = co_await message_of(file::open(path));
        CHECK(missing == "cannot open " + path + ": No such file or directory");
        auto x = co_await file::open(path, "xb");
        co_await x.write("x");
        auto exists = co_await message_of(file::open(path, "x"));
        CHECK(exists == "cannot open " + path + ": File exists");
        auto a = co_await file::open(path, "a+");
        auto at = co_await a.tell();
        CHECK(at == 1);
        co_await a.seek(0);
        co_await a.write("a");
        CHECK(read_file(path) == "xa");
        co_await a.seek(0);
        auto both = co_await a.read();
        CHECK(both == "xa");
        auto w = co_await file::open(path, "w+b");
        auto size = co_await w.size();
        CHECK(size == 0);
        auto r = co_await file::open(path, "rb");
        auto read_only = co_await message_of(r.write("x"));
        CHECK(read_only == "cannot write " + path + ": Bad file descriptor");
        auto write_only = co_await message_of(x.read(1));
        CHECK(write_only == "cannot read " + path + ": Bad file descriptor");
        for (const char* mode : {"", "b", "+", "rw", "r++", "rbb", "t", "z"}) {
            auto wrong = co_await message_of(file::open(path, mode));
            CHECK(wrong == "no mode of a file: '" + std::string(mode) + "'");
        }
        auto zero = co_await message_of(file::open(path + std::string(1, '\0')));
        CHECK(zero == "a byte 0 in the path of a file");
        auto of_folder = co_await file::open(folder.path(""));
        auto is_folder = co_await message_of(of_folder.read(1));
        CHECK(is_folder == "cannot read " + folder.path("") + ": Is a directory");
    });
}

TEST_CASE("a closed file can only be closed") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        auto f = co_await file::open(folder.path("f"), "w+");
        CHECK_FALSE(f.closed());
        co_await f.close();
        co_await f.close();
        CHECK(f.closed());
        const std::string closed = "the file is closed: " + folder.path("f");
        auto read = co_await message_of(f.read(1));
        auto write = co_await message_of(f.write("x"));
        auto size = co_await message_of(f.size());
        for (const auto& message : {read, write, size}) CHECK(message == closed);
    });
}

TEST_CASE("calls of several tasks run one after the other, in order") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        auto f = co_await file::open(folder.path("f"), "w");
        std::vector<coro<>> writes;
        std::string expected;
        for (int i = 0; i < 100; ++i) {
            writes.push_back(f.write(std::to_string(i) + "\n"));
            expected += std::to_string(i) + "\n";
        }
        co_await gather(std::move(writes));
        CHECK(read_file(folder.path("f")) == expected);
    });
}

TEST_CASE("a call that is cancelled while it waits or is queued never runs") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        auto f = co_await file::open(folder.path("f"), "w");
        full_pool pool;
        co_await pool.fill();
        auto queued = create_task(outcome_of(f.write("queued")));
        auto waits = create_task(outcome_of(f.write("waits")));
        auto opens = create_task(outcome_of(file::open(folder.path("g"), "w")));
        co_await turns(2);
        queued.cancel();
        waits.cancel();
        opens.cancel();
        auto of_queued = co_await queued;
        auto of_waits = co_await waits;
        auto of_opens = co_await opens;
        CHECK(of_queued == "cancelled");
        CHECK(of_waits == "cancelled");
        CHECK(of_opens == "cancelled");
        co_await pool.empty();
        CHECK(read_file(folder.path("f")) == "");
        CHECK_FALSE(std::filesystem::exists(folder.path("g")));
    });
}

TEST_CASE("a cancelled read that runs is waited for, and what it has read stays") {
    const auto before = open_descriptors();
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        const std::string path = folder.path("fifo");
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        const int writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        auto f = co_await file::open(path);
        auto reads = create_task(outcome_of(f.read(10)));
        co_await until([] { return default_executor().busy() == 1; });
        reads.cancel();
        co_await turns(100);
        CHECK_FALSE(reads.done());
        REQUIRE(::write(writer, "12345", 5) == 5);
        co_await turns(100);
        CHECK_FALSE(reads.done());
        REQUIRE(::write(writer, "67890\n", 6) == 6);
        auto outcome = co_await reads;
        CHECK(outcome == "cancelled");
        auto line = co_await f.readline();
        CHECK(line == "1234567890\n");
        ::close(writer);
    });
    CHECK(open_descriptors() == before);
}

TEST_CASE("an open that is cancelled while it runs leaves nothing open, and a cancelled close closes") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        const std::string path = folder.path("fifo");
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        co_await to_thread([] {});
        const auto before = open_descriptors();
        auto opens = create_task(outcome_of(file::open(path)));
        co_await until([] { return default_executor().busy() == 1; });
        opens.cancel();
        const int writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        auto outcome = co_await opens;
        CHECK(outcome == "cancelled");
        ::close(writer);
        CHECK(open_descriptors() == before);
        auto f = co_await file::open(folder.path("f"), "w");
        auto closes = create_task(outcome_of(f.close()));
        co_await turns(1);
        closes.cancel();
        outcome = co_await closes;
        CHECK(outcome == "cancelled");
        CHECK(f.closed());
        CHECK(open_descriptors() == before);
    });
}

TEST_CASE("a close that is cancelled while another call has the file closes it when that call ends") {
    const auto before = open_descriptors();
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        const std::string path = folder.path("fifo");
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        const int writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        auto f = co_await file::open(path);
        auto reads = create_task(f.read(3));
        co_await until([] { return default_executor().busy() == 1; });
        auto closes = create_task(outcome_of(f.close()));
        auto late = create_task(message_of(f.read(3)));
        co_await turns(3);
        closes.cancel();
        auto outcome = co_await closes;
        CHECK(outcome == "cancelled");
        CHECK_FALSE(reads.done());
        CHECK_FALSE(f.closed());
        REQUIRE(::write(writer, "123456", 6) == 6);
        auto bytes = co_await reads;
        CHECK(bytes == "123");
        auto of_late = co_await late;
        CHECK(of_late == "the file is closed: " + path);
        CHECK(f.closed());
        ::close(writer);
    });
    CHECK(open_descriptors() == before);
}

TEST_CASE("a file is closed with its last handle, and with its loop") {
    const auto before = open_descriptors();
    std::optional<file> kept;
    run_virtual([&]() -> coro<> {
        scratch_folder folder;
        const auto with_loop = open_descriptors();
        {
            auto dropped = co_await file::open(folder.path("f"), "w");
        }
        CHECK(open_descriptors() == with_loop);
        kept = co_await file::open(folder.path("f"));
    });
    CHECK(open_descriptors() == before);
    CHECK(kept->closed());
}

TEST_CASE("whenever users of a file are cancelled, what was written can be read") {
    const auto before = open_descriptors();
    for (int turn = 0; turn < 40; ++turn) {
        for (int victim = 0; victim < 2; ++victim) {
            CAPTURE(turn);
            CAPTURE(victim);
            auto alive = std::make_shared<int>();
            run_virtual([&]() -> coro<> {
                scratch_folder folder;
                auto out = co_await file::open(folder.path("f"), "w");
                auto in = co_await file::open(folder.path("f"), "r");
                std::string got;
                auto writes = [](file to, std::shared_ptr<int>) -> coro<> {
                    for (int i = 0; i < 5; ++i) co_await to.write("line " + std::to_string(i) + "\n");
                };
                auto reads = [&got](file from, std::shared_ptr<int>) -> coro<> {
                    for (int i = 0; i < 5; ++i) got += co_await from.readline();
                };
                std::vector<task<>> tasks{create_task(writes, out, alive), create_task(reads, in, alive)};
                for (int i = 0; i < turn; ++i) {
                    if (i % 4 == 3) co_await to_thread([] {});
                    co_await turns(1);
                }
                tasks[static_cast<std::size_t>(victim)].cancel();
                co_await until([&] { return tasks[0].done() && tasks[1].done(); });
                while (auto line = co_await in.next()) got += *line;
                CHECK(got == read_file(folder.path("f")));
                CHECK(got.substr(0, 7) == std::string("line 0\n").substr(0, got.size()));
            });
            CHECK(alive.use_count() == 1);
        }
    }
    CHECK(open_descriptors() == before);
}
