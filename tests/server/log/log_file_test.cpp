#include "server/log/log_file.hpp"

#include "tests/support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <system_error>

using girin::log::log_file;

TEST_CASE("lines are appended to what the file already has") {
    const scratch_folder folder;
    const std::string path = folder.path("log");
    log_file(path, 2).write("one\n");
    log_file(path, 2).write("two\n");
    CHECK(read_file(path) == "one\ntwo\n");
}

TEST_CASE("after reopen, lines go to a new file at the path and the old one is left alone") {
    const scratch_folder folder;
    const std::string path = folder.path("log");
    log_file log(path, 2);
    log.write("before\n");
    std::filesystem::rename(path, path + ".1");
    log.write("between\n");
    log.reopen();
    log.write("after\n");
    CHECK(read_file(path + ".1") == "before\nbetween\n");
    CHECK(read_file(path) == "after\n");
}

TEST_CASE("a file that cannot be opened is named in the error") {
    CHECK_THROWS_WITH_AS(log_file("/no/such/folder/log", 2),
                         "cannot open the log file /no/such/folder/log: No such file or directory", std::system_error);
}

TEST_CASE("when reopening fails, the old file is written on") {
    const scratch_folder folder;
    std::filesystem::create_directory(folder.path("logs"));
    log_file log(folder.path("logs/log"), 2);
    std::filesystem::rename(folder.path("logs"), folder.path("moved"));
    CHECK_THROWS_AS(log.reopen(), std::system_error);
    log.write("still here\n");
    CHECK(read_file(folder.path("moved/log")) == "still here\n");
}

namespace {

// A pipe of one page.
struct narrow_pipe {
    explicit narrow_pipe(int flags = O_CLOEXEC) {
        int ends[2];
        REQUIRE(::pipe2(ends, flags) == 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
        REQUIRE(::fcntl(writer.get(), F_SETPIPE_SZ, 4096) == 4096);
        ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    }
    std::string read() {
        const ssize_t got = ::read(reader.get(), buffer.data(), buffer.size());
        return std::string(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    girin::unique_fd reader;
    girin::unique_fd writer;
    std::array<char, 8192> buffer;
};

}  // namespace

TEST_CASE("a line that could be written in part only is ended before the next one") {
    for (const int flags : {O_CLOEXEC, O_CLOEXEC | O_NONBLOCK}) {
        narrow_pipe pipe(flags);
        log_file log("-", pipe.writer.get());
        log.write(std::string(5000, 'x') + "\n");
        log.write("dropped, for there is still no room\n");
        CHECK(log.take_dropped() == 0);
        CHECK(pipe.read() == std::string(4096, 'x'));
        log.write("next\n");
        CHECK(log.take_dropped() == 2);
        CHECK(log.take_dropped() == 0);
        log.write("and next\n");
        CHECK(pipe.read() == "\nnext\nand next\n");
    }
}

TEST_CASE("a reader that does not read is not waited for, whatever the descriptor is") {
    narrow_pipe pipe;
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const girin::unique_fd peer(ends[0]);
    const girin::unique_fd socket(ends[1]);
    for (const int fd : {pipe.writer.get(), socket.get()}) {
        log_file log("-", fd);
        const std::string line(99, 'x');
        for (int i = 0; i < 20'000; ++i) log.write(line + "\n");
        CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    }
}

TEST_CASE("what goes into a pipe at once is cut between lines") {
    narrow_pipe pipe;
    log_file log("-", pipe.writer.get());
    std::string lines;
    for (int i = 0; i < 50; ++i) lines += std::string(99, 'x') + "\n";
    log.write(lines);
    CHECK(pipe.read() == lines.substr(0, 4000));
    log.write("next\n");
    CHECK(pipe.read() == "next\n");
    CHECK(log.take_dropped() == 10);
}
