#include "aio/code_address.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"

#include <girin/gather.hpp>
#include <girin/process_pool.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

struct point {
    int x, y;
};

char state_of(int process) {
    std::ifstream in("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    return std::getline(in, text) ? text[text.rfind(')') + 2] : 'X';
}

std::string constructed = std::string("a constructor ") + "has run";
int calls_so_far = 0;

// What a process of a pool does before it is ready.
const bool at_start = [] {
    const char* order = std::getenv("GIRIN_TEST_AT_START");
    if (order && std::string_view(order) == "sleep") ::sleep(1000);
    if (order && std::string_view(order) == "abort") std::abort();
    return true;
}();

int pid() {
    return ::getpid();
}
int add(int a, int b) {
    return a + b;
}
point mirror(const point& p) {
    return {p.y, p.x};
}
std::string twice(std::string_view text) {
    return std::string(text) + std::string(text);
}
std::vector<std::string> reversed(const std::vector<std::string>& words) {
    return {words.rbegin(), words.rend()};
}
std::vector<double> halved(std::vector<double> numbers) {
    for (double& number : numbers) number /= 2;
    return numbers;
}
std::tuple<std::string, int> pair_of(std::pair<int, std::string> p) {
    return {p.second, p.first};
}
std::vector<bool> inverted(std::vector<bool> bits) {
    bits.flip();
    return bits;
}
std::string look() {
    return constructed;
}
int count() {
    return ++calls_so_far;
}
void nothing() noexcept {}
std::size_t size_of(const std::string& text) {
    return text.size();
}
std::string of_size(std::size_t size) {
    return std::string(size, 'x');
}

void fail(const std::string& why) {
    throw std::domain_error(why);
}
void throw_int() {
    throw 7;
}
void segfault() {
    ::signal(SIGSEGV, SIG_DFL);  // the sanitizer's handler exits instead
    volatile int* nowhere = nullptr;
    *nowhere = 1;
}
void be_killed_by(int number) {
    rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(number, SIG_DFL);
    ::raise(number);
}
void leave(int status) {
    std::exit(status);
}
void close_socket_and_stay() {
    ::close(3);
    ::sleep(1000);
}
void write_rubbish() {
    const std::string rubbish(1000, '\xff');
    if (::write(3, rubbish.data(), rubbish.size()) < 0) std::abort();
    ::sleep(1000);
}
void write_short_rubbish() {
    const std::uint64_t size = 3;
    if (::write(3, &size, sizeof size) < 0 || ::write(3, "\0ab", 3) < 0) std::abort();
}
// Forks something that keeps the socket, and dies.
void leave_an_heir(const std::string& file) {
    const int heir = ::fork();
    if (heir == 0) {
        ::sleep(1000);
        ::_exit(0);
    }
    std::ofstream(file) << heir << std::endl;
    ::raise(SIGKILL);
}
// Forks something that keeps the socket. When there is a second file it stops this process, and kills it when the next
// call is sent.
void leave_a_murderer(const std::string& file) {
    const int victim = ::getpid();
    const int murderer = ::fork();
    if (murderer == 0) {
        while (::access((file + "go").c_str(), F_OK) != 0) ::usleep(1000);
        ::kill(victim, SIGSTOP);
        pollfd next_call = {3, POLLIN, 0};
        ::poll(&next_call, 1, -1);
        ::kill(victim, SIGKILL);
        ::sleep(1000);
        ::_exit(0);
    }
    std::ofstream(file) << murderer << std::endl;
}
void block() {
    ::sleep(1000);
}
void write_pid_and_block(const std::string& file) {
    std::ofstream(file) << ::getpid() << std::endl;
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

bool comes_true(const std::function<bool()>& condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    return condition();
}
// Ended and waited for.
bool is_gone(int process) {
    return ::kill(process, 0) != 0 && errno == ESRCH;
}

// The same for one that is not ours, which may not have been waited for.
bool has_ended(int process) {
    const char state = state_of(process);
    return state == 'Z' || state == 'X';
}

// The process that a call of write_pid_and_block runs in, when it does.
int pid_in(const fs::path& file) {
    int found = 0;
    const bool written = comes_true([&] {
        std::string line;
        std::ifstream in(file);
        if (std::getline(in, line) && !in.eof()) found = std::stoi(line);
        return found != 0;
    });
    CHECK(written);
    return found;
}

template <class Call>
coro<std::optional<process_died>> death_of(Call call) {
    try {
        co_await std::move(call);
    } catch (const process_died& death) {
        co_return death;
    }
    co_return std::nullopt;
}

}  // namespace

TEST_CASE("a function runs in another process of the program, which serves call after call") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        int first = co_await pool.run<pid>();
        int second = co_await pool.run<pid>();
        CHECK(first != ::getpid());
        CHECK(first == second);
        CHECK(pool.figures().started == 1);
        CHECK(pool.figures().called == 2);
        CHECK(calls_so_far == 0);
        int counted = co_await pool.run<count>();
        counted = co_await pool.run<count>();
        CHECK(counted == 2);
        CHECK(calls_so_far == 0);
    });
}

TEST_CASE("arguments and results are bytes, strings, vectors, pairs and tuples of such") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        int sum = co_await pool.run<add>(2, 3);
        CHECK(sum == 5);
        point mirrored = co_await pool.run<mirror>(point{1, 2});
        CHECK(mirrored.x == 2);
        std::string text = co_await pool.run<twice>("ab");
        CHECK(text == "abab");
        std::string zeros = co_await pool.run<twice>(std::string(3, '\0'));
        CHECK(zeros == std::string(6, '\0'));
        std::vector<std::string> words{"a", "", std::string(100'000, 'c')};
        auto backwards = co_await pool.run<reversed>(words);
        CHECK(backwards == std::vector<std::string>(words.rbegin(), words.rend()));
        const std::vector<double> numbers{1, 2, 3};
        auto halves = co_await pool.run<halved>(numbers);
        CHECK(halves == std::vector<double>{0.5, 1, 1.5});
        auto pair = co_await pool.run<pair_of>(std::pair(1, "one"));
        CHECK(pair == std::tuple(std::string("one"), 1));
        const std::vector<bool> flags{true, false};
        auto bits = co_await pool.run<inverted>(flags);
        CHECK(bits == std::vector<bool>{false, true});
        co_await pool.run<nothing>();
        int of_lambda = co_await pool.run<[](int n) { return n + 1; }>(4);
        CHECK(of_lambda == 5);
    });
}

TEST_CASE("what holds an address cannot be sent") {
    static_assert(transferable<int> && transferable<point> && transferable<std::vector<std::vector<std::string>>>);
    static_assert(!transferable<int*> && !transferable<const char*> && !transferable<std::string_view>);
    static_assert(!transferable<std::reference_wrapper<int>> && !transferable<std::span<int>>);
    static_assert(!transferable<std::unique_ptr<int>> && !transferable<std::vector<int*>>);
}

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

TEST_CASE("an exception comes back with the name of its type and what it says") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        std::string type, what;
        try {
            co_await pool.run<fail>("no such colour");
        } catch (const remote_exception& e) {
            type = e.type();
            what = e.what();
        }
        CHECK(type == "std::domain_error");
        CHECK(what == "no such colour");
        try {
            co_await pool.run<throw_int>();
        } catch (const remote_exception& e) {
            type = e.type();
        }
        CHECK(type == "int");
        CHECK(pool.figures().died == 0);
        CHECK(pool.figures().started == 1);
    });
}

TEST_CASE("a crash is an exception that names function and signal, and the next call has a new process") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        auto crash = co_await death_of(pool.run<segfault>());
        REQUIRE(crash);
        CHECK(crash->signal() == SIGSEGV);
        CHECK(std::string(crash->what()).find("segfault was killed by SIGSEGV") != std::string::npos);
        CHECK(crash->function().find("segfault") != std::string::npos);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
        CHECK(pool.figures().started == 2);
        CHECK(pool.figures().died == 1);
        for (const int number : {SIGABRT, SIGKILL, SIGBUS, SIGFPE}) {
            auto death = co_await death_of(pool.run<be_killed_by>(number));
            REQUIRE(death);
            CHECK(death->signal() == number);
        }
    });
}

TEST_CASE("a function that leaves the program is an exception with the status") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        for (const int status : {0, 3}) {
            auto death = co_await death_of(pool.run<leave>(status));
            REQUIRE(death);
            CHECK(death->signal() == 0);
            CHECK(death->exit_status() == status);
        }
    });
}

TEST_CASE("a process that breaks the socket, or writes rubbish into it, is ended") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        auto closed = co_await death_of(pool.run<close_socket_and_stay>());
        REQUIRE(closed);
        CHECK(closed->signal() == SIGKILL);
        CHECK_THROWS_AS(co_await pool.run<write_rubbish>(), process_pool_error);
        CHECK_THROWS_AS(co_await pool.run<write_short_rubbish>(), process_pool_error);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
    });
}

TEST_CASE("the end of a process is noticed though somebody that it has started keeps the socket") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        auto death = co_await death_of(pool.run<leave_an_heir>(folder.path("pid")));
        REQUIRE(death);
        CHECK(death->signal() == SIGKILL);
        const int heir = pid_in(folder.path("pid"));
        CHECK_FALSE(has_ended(heir));
        ::kill(heir, SIGKILL);
    });
}

TEST_CASE("a process that ends while it is sent a call is noticed though somebody keeps the socket and reads nothing") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        int process = co_await pool.run<pid>();
        co_await pool.run<leave_a_murderer>(folder.path("pid"));
        std::ofstream(folder.path("pidgo"));
        CHECK(comes_true([&] { return state_of(process) == 'T'; }));
        auto death = co_await death_of(pool.run<size_of>(std::string(32 << 20, 'x')));
        REQUIRE(death);
        CHECK(death->signal() == SIGKILL);
        const int murderer = pid_in(folder.path("pid"));
        CHECK_FALSE(has_ended(murderer));
        ::kill(murderer, SIGKILL);
    });
}

TEST_CASE("a process that has died while nobody used it is replaced") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        int first = co_await pool.run<pid>();
        ::kill(first, SIGKILL);
        CHECK(comes_true([&] { return has_ended(first); }));
        int second = co_await pool.run<pid>();
        CHECK(second != first);
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

TEST_CASE("cancelling a call that runs kills its process and waits for its end") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        auto t = create_task(pool.run<write_pid_and_block>(folder.path("pid")));
        co_await sleep(0s);
        const int process = pid_in(folder.path("pid"));
        t.cancel("enough");
        CHECK_THROWS_AS(co_await t, cancelled_error);
        CHECK(is_gone(process));
        CHECK(pool.figures().died == 0);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
    });
}

TEST_CASE("cancelling a call that has no process yet leaves the one that is just being started to the next call") {
    bool left = false;
    for (int i = 0; i < 200 && !left; ++i)
        run_virtual([&]() -> coro<> {
            process_pool pool({.processes = 1});
            auto t = create_task(pool.run<block>());
            co_await sleep(0s);
            while (pool.figures().called == 0) std::this_thread::yield();
            for (int wait = 0; wait < i; ++wait) std::this_thread::yield();
            t.cancel();
            CHECK_THROWS_AS(co_await t, cancelled_error);
            const auto before = pool.figures().started;
            int process = co_await pool.run<pid>();
            CHECK(process != ::getpid());
            left = before == 1 && pool.figures().started == 1;
        });
    CHECK(left);
}

TEST_CASE("a call that takes too long is ended by a timeout around it") {
    auto program = []() -> coro<> {
        process_pool pool({.processes = 1});
        CHECK_THROWS_AS(co_await wait_for(pool.run<block>(), 200ms), timeout_error);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
    };
    run(program());
}

TEST_CASE("cancelling a call that waits for a process drops it") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1, .queue = 1});
        auto running = create_task(pool.run<write_pid_and_block>(folder.path("pid")));
        co_await sleep(0s);
        pid_in(folder.path("pid"));
        auto queued = create_task(pool.run<add>(1, 1));
        co_await sleep(0s);
        CHECK(pool.figures().queued == 1);
        CHECK_THROWS_AS(co_await pool.run<add>(1, 1), pool_full);
        queued.cancel();
        CHECK_THROWS_AS(co_await queued, cancelled_error);
        running.cancel();
        CHECK_THROWS_AS(co_await running, cancelled_error);
        CHECK(pool.figures().called == 1);
    });
}

TEST_CASE("calls that are cancelled at any moment leave no process and no call behind") {
    auto program = []() -> coro<> {
        process_pool pool({.processes = 2});
        int done = 0, cancelled = 0;
        for (int round = 0; round < (sanitized ? 5 : 15); ++round) {
            std::vector<task<int>> tasks;
            for (int i = 0; i < 6; ++i) tasks.push_back(create_task(pool.run<add>(round, i)));
            co_await sleep(std::chrono::milliseconds(round));
            for (std::size_t i = 0; i < tasks.size(); i += 2) tasks[i].cancel();
            for (std::size_t i = 0; i < tasks.size(); ++i) {
                try {
                    int sum = co_await tasks[i];
                    CHECK(sum == round + static_cast<int>(i));
                    ++done;
                } catch (const cancelled_error&) {
                    CHECK(i % 2 == 0);
                    ++cancelled;
                }
            }
        }
        CHECK(done >= cancelled);
        CHECK(pool.figures().died == 0);
    };
    run(program());
}

TEST_CASE("a process ends when it has been idle, and when it has served enough calls") {
    run_virtual([]() -> coro<> {
        process_pool idle({.processes = 1, .idle_time = 10ms});
        int process = co_await idle.run<pid>();
        CHECK(comes_true([&] { return is_gone(process); }));
        process_pool worn({.processes = 1, .max_tasks_per_child = 2});
        std::vector<int> used;
        for (int i = 0; i < 4; ++i) used.push_back(co_await worn.run<pid>());
        CHECK(used[0] == used[1]);
        CHECK(used[1] != used[2]);
        CHECK(used[2] == used[3]);
    });
}

TEST_CASE("a pool that ends kills its processes, and tells those who wait for them") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        auto pool = std::make_unique<process_pool>(process_pool::options{.processes = 1});
        auto running = create_task(pool->run<write_pid_and_block>(folder.path("pid")));
        auto queued = create_task(pool->run<add>(1, 1));
        co_await sleep(0s);
        const int process = pid_in(folder.path("pid"));
        pool.reset();
        CHECK(is_gone(process));
        CHECK_THROWS_AS(co_await running, std::runtime_error);
        CHECK_THROWS_AS(co_await queued, std::runtime_error);
    });
}

TEST_CASE("a loop that is closed kills what it has called") {
    const scratch_folder folder;
    process_pool pool({.processes = 1});
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(pool.run<write_pid_and_block>(folder.path("pid")));
            loop::running().call_soon([&] {
                pid_in(folder.path("pid"));
                loop::running().stop();
            });
        });
        l.run_forever();
    }
    CHECK(is_gone(pid_in(folder.path("pid"))));
}

TEST_CASE("arguments and results have a largest size") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1, .max_bytes = 1 << 20});
        std::size_t size = co_await pool.run<size_of>(std::string((1 << 20) - 100, 'x'));
        CHECK(size == (1 << 20) - 100);
        CHECK_THROWS_AS(co_await pool.run<size_of>(std::string(2 << 20, 'x')), process_pool_error);
        std::string most = co_await pool.run<of_size>((1 << 20) - 100);
        CHECK(most.size() == (1 << 20) - 100);
        CHECK_THROWS_AS(co_await pool.run<of_size>(2 << 20), process_pool_error);
    });
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

namespace {

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

TEST_CASE("a process that does not become ready in time, or at all, is an error") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1, .start_timeout = 100ms});
        auto why = [&]() -> coro<std::string> {
            try {
                co_await pool.run<pid>();
            } catch (const process_pool_error& e) {
                co_return e.what();
            }
            co_return "";
        };
        ::setenv("GIRIN_TEST_AT_START", "sleep", 1);
        auto slow = co_await why();
        CHECK(slow == "a process did not become ready within the pool's start_timeout");
        ::setenv("GIRIN_TEST_AT_START", "abort", 1);
        process_pool patient({.processes = 1});
        std::string failed;
        try {
            co_await patient.run<pid>();
        } catch (const process_pool_error& e) {
            failed = e.what();
        }
        CHECK(failed == "a process for the pool did not start: it was killed by SIGABRT (Aborted)");
        ::unsetenv("GIRIN_TEST_AT_START");
        int process = co_await patient.run<pid>();
        CHECK(process != ::getpid());
        CHECK(at_start);
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

TEST_CASE("a call that raises counts as one that its process has served") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1, .max_tasks_per_child = 1});
        int first = co_await pool.run<pid>();
        CHECK_THROWS_AS(co_await pool.run<throw_int>(), remote_exception);
        int third = co_await pool.run<pid>();
        CHECK(first != third);
        CHECK(pool.figures().started == 3);
    });
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
