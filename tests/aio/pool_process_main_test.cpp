#include "aio/code_address.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/until.hpp"

#include <girin/process_pool.hpp>

#include <doctest/doctest.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::comes_true;
using girin::test::has_ended;
using girin::test::run_virtual;

namespace {

namespace fs = std::filesystem;

std::string constructed = std::string("a constructor ") + "has run";

std::string look() {
    return constructed;
}
void block() {
    ::sleep(1000);
}
std::vector<std::string> open_descriptors() {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const fs::path target = fs::read_symlink(entry.path(), gone);
        if (gone || target.string().starts_with("/proc/")) continue;  // the iterator's own
        found.push_back(entry.path().filename().string() + " " + target.string());
    }
    std::sort(found.begin(), found.end());
    return found;
}
// What the program may do with what it was to have made read-only when it was loaded, as in /proc/self/maps.
std::string rights_of_relocated() {
    std::uintptr_t begin = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* program, std::size_t, void* found) {
            for (std::size_t i = 0; i < program->dlpi_phnum; ++i)
                if (program->dlpi_phdr[i].p_type == PT_GNU_RELRO)
                    *static_cast<std::uintptr_t*>(found) = program->dlpi_addr + program->dlpi_phdr[i].p_vaddr;
            return 1;
        },
        &begin);
    std::ifstream maps("/proc/self/maps");
    std::string rights;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t from = 0, to = 0;
        char allowed[5] = {};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, allowed) == 3 && from <= begin && begin < to)
            rights = allowed;
    }
    return rights;
}
std::pair<bool, bool> environment_and_signals() {
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    return {std::getenv("GIRIN_POOL_SOCKET") != nullptr, sigismember(&blocked, SIGUSR1) == 1};
}

// The program of modules/pool_program.cpp, at a path of its own, with two pipes.
class program_run {
 public:
    explicit program_run(const fs::path& program) {
        int in[2], out[2];
        REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
        REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(in[0], 0);
            ::dup2(out[1], 1);
            ::execl(program.c_str(), program.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        in_ = in[1];
        out_ = ::fdopen(out[0], "r");
    }
    ~program_run() {
        ::close(in_);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        ::fclose(out_);
    }
    void order(const std::string& line) { CHECK(::write(in_, (line + "\n").c_str(), line.size() + 1) > 0); }
    std::string line() {
        char text[256] = {};
        return ::fgets(text, sizeof text, out_) ? std::string(text) : std::string();
    }
    int pid() const { return pid_; }

 private:
    int pid_, in_;
    FILE* out_;
};

}  // namespace

TEST_CASE("what is read-only in the program is so in a process of the pool") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        auto rights = co_await pool.run<rights_of_relocated>();
        CHECK(rights == rights_of_relocated());
        CHECK(rights != "");
    });
}

TEST_CASE("the program's constructors have run before a function is called") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        auto seen = co_await pool.run<look>();
        CHECK(seen == "a constructor has run");
    });
}

TEST_CASE("no descriptor is inherited but the socket, stdout and stderr") {
    const int leaky = ::open("/dev/zero", O_RDONLY);  // not close-on-exec
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        auto open = co_await pool.run<open_descriptors>();
        REQUIRE(open.size() == 4);
        CHECK(open[0] == "0 /dev/null");
        CHECK(open[1].starts_with("1 "));
        CHECK(open[2].starts_with("2 "));
        CHECK(open[3].starts_with("3 socket:"));
        auto [variable, blocked] = co_await pool.run<environment_and_signals>();
        CHECK_FALSE(variable);
        CHECK_FALSE(blocked);
    });
    ::close(leaky);
}

TEST_CASE("a process loads the module that a function is in, and refuses one that has been replaced") {
    const scratch_folder folder;
    const fs::path module = folder.path("module.so");
    fs::copy_file(GIRIN_TEST_POOL_MODULE, module);
    void* loaded = ::dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(loaded);
    auto* find = reinterpret_cast<const detail::process_function* (*)()>(::dlsym(loaded, "greet_function"));
    REQUIRE((find != nullptr));
    CHECK_FALSE(detail::is_loaded_at_start(reinterpret_cast<const void*>(find)));
    CHECK(detail::is_loaded_at_start(reinterpret_cast<const void*>(&block)));
    CHECK(detail::is_loaded_at_start(reinterpret_cast<const void*>(&::getenv)));
    auto greet = [&](process_pool::state& pool) -> coro<std::string> {
        std::string arguments;
        detail::wire<std::string>::put(arguments, "Ada");
        std::string result = co_await detail::process_call(pool, *find(), std::move(arguments));
        detail::wire_reader reader(result);
        co_return detail::wire<std::string>::get(reader);
    };
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        auto& core = pool.core();
        auto greeted = co_await greet(core);
        CHECK(greeted == "hello from a module, Ada");
        auto again = co_await greet(core);
        CHECK(again == greeted);

        std::ifstream in(module, std::ios::binary);
        std::string bytes((std::istreambuf_iterator<char>(in)), {});
        const auto note = bytes.find(std::string("\x14\0\0\0\x03\0\0\0GNU\0", 12));
        REQUIRE(note != std::string::npos);
        bytes[note + 12] ^= 1;
        fs::remove(module);
        std::ofstream(module, std::ios::binary) << bytes;
        process_pool fresh({.processes = 1});
        std::string why;
        try {
            co_await greet(fresh.core());
        } catch (const process_pool_error& e) {
            why = e.what();
        }
        CHECK(why.find("greet was not called: " + module.string() + " has been replaced: its build-id was") !=
              std::string::npos);
        greeted = co_await greet(core);  // a process that has the old module goes on with it
        CHECK(greeted == "hello from a module, Ada");
    });
}

TEST_CASE("an application that was loaded from memory, as girin loads them, is loaded from there") {
    const int memory = ::memfd_create("application", MFD_CLOEXEC);
    std::ifstream in(GIRIN_TEST_POOL_MODULE, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    // With a build-id of its own: the other test has the module, too.
    const auto note = bytes.find(std::string("\x14\0\0\0\x03\0\0\0GNU\0", 12));
    REQUIRE(note != std::string::npos);
    bytes[note + 12] ^= 2;
    REQUIRE(::write(memory, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    const std::string name = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(memory);
    void* loaded = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(loaded);
    auto* find = reinterpret_cast<const detail::process_function* (*)()>(::dlsym(loaded, "greet_function"));
    REQUIRE((find != nullptr));
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        std::string arguments;
        detail::wire<std::string>::put(arguments, "Bob");
        std::string result = co_await detail::process_call(pool.core(), *find(), std::move(arguments));
        CHECK(result.ends_with("hello from a module, Bob"));
    });
    ::close(memory);
}

TEST_CASE("a program that has been replaced goes on with processes of its own kind, in which main does not run") {
    const scratch_folder folder;
    const fs::path path = folder.path("program");
    fs::copy_file(GIRIN_TEST_POOL_PROGRAM, path);
    program_run program(path);
    CHECK(program.line() == "main in " + std::to_string(program.pid()) + "\n");
    std::ofstream(folder.path("new")) << "not even a program";
    fs::rename(folder.path("new"), path);
    program.order("look");
    const std::string seen = program.line();
    CHECK(seen.starts_with("constructed in "));
    CHECK(seen != "constructed in " + std::to_string(program.pid()) + "\n");
}

TEST_CASE("a process ends with a parent that is killed, also while it runs a function") {
    program_run program(GIRIN_TEST_POOL_PROGRAM);
    program.line();
    program.order("look");
    const std::string seen = program.line();
    REQUIRE(seen.starts_with("constructed in "));
    program.order("block");
    const std::string blocks = program.line();
    REQUIRE(blocks.starts_with("blocking in "));
    const int process = std::stoi(blocks.substr(12));
    CHECK_FALSE(has_ended(process));
    ::kill(program.pid(), SIGKILL);
    CHECK(comes_true([&] { return has_ended(process); }));
}
