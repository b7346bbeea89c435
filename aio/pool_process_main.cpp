// A process of a process_pool: this program, which serves its socket where others run main.
//
// The hook is in the library and not in main. It runs with the library's constructors, which is too early to call
// functions of the program, whose own constructors have not run. So it puts itself in the place of the program's last
// constructor, calls that, and then serves.
#include "aio/code_address.hpp"
#include "aio/pool_protocol.hpp"

#include <girin/process_pool.hpp>

#include <cxxabi.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <typeinfo>

namespace girin::detail {

namespace {

constexpr int exit_unfit = 70;  // EX_SOFTWARE

using initializer = void (*)(int, char**, char**);

initializer last_initializer = nullptr;

[[noreturn]] void give_up(const char* why) {
    std::fprintf(stderr, "girin: a process of a pool cannot serve: %s\n", why);
    ::_exit(exit_unfit);
}

bool receive_all(char* data, std::size_t size) {
    while (size != 0) {
        const ssize_t got = ::recv(pool_socket, data, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        data += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

std::string type_name() {
    const std::type_info* type = abi::__cxa_current_exception_type();
    if (!type) return "unknown";
    int status = 0;
    char* readable = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    std::string name = readable ? readable : type->name();
    std::free(readable);
    return name;
}

std::string answered(answer how, const std::string& type, std::string_view what) {
    std::string message;
    wire<answer>::put(message, how);
    if (how == answer::raised) wire<std::string>::put(message, type);
    wire<std::string>::put(message, what);
    return message;
}

std::string serve_call(const std::string& request) {
    wire_reader reader(request);
    const void* code = nullptr;
    std::string arguments;
    try {
        code_address where;
        where.module = wire<std::string>::get(reader);
        where.build_id = wire<std::string>::get(reader);
        where.offset = wire<std::uint64_t>::get(reader);
        arguments = wire<std::string>::get(reader);
        reader.end();
        code = find_code(where);
    } catch (const std::exception& e) {
        return answered(answer::not_called, {}, e.what());
    }
    std::string result;
    try {
        reinterpret_cast<decltype(process_function::call)>(const_cast<void*>(code))(arguments, result);
    } catch (const std::exception& e) {
        return answered(answer::raised, type_name(), e.what());
    } catch (...) {
        return answered(answer::raised, type_name(), {});
    }
    return answered(answer::returned, {}, result);
}

[[noreturn]] void serve() {
    send_message(pool_socket, ready_message);
    std::string request;
    for (;;) {
        std::uint64_t size = 0;
        if (!receive_all(reinterpret_cast<char*>(&size), sizeof size)) ::_exit(0);  // the pool has ended
        request.resize(size);
        if (!receive_all(request.data(), size)) ::_exit(0);
        const std::string message = serve_call(request);
        std::fflush(nullptr);  // the process may be killed at any time from now on
        if (!send_message(pool_socket, message)) ::_exit(0);
    }
}

// Called as the last constructor of the program. What it calls may have been compiled with another type in mind, as all
// constructors are.
#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
void serve_instead_of_main(int argc, char** argv, char** environment) {
    last_initializer(argc, argv, environment);
    serve();
}

struct initializers {
    initializer* first = nullptr;
    std::size_t count = 0;
    std::uintptr_t read_only_from = 0, read_only_to = 0;  // whole pages, since the program was loaded
};

std::size_t page_size() noexcept {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}
std::uintptr_t page_of(std::uintptr_t address) noexcept {
    return address / page_size() * page_size();
}

// The constructors of the program itself, which run after those of all its libraries.
initializers of_program() {
    initializers found;
    auto look = [](dl_phdr_info* program, std::size_t, void* result) {
        auto& array = *static_cast<initializers*>(result);
        for (std::size_t i = 0; i < program->dlpi_phnum; ++i) {
            const ElfW(Phdr)& segment = program->dlpi_phdr[i];
            const std::uintptr_t begin = program->dlpi_addr + segment.p_vaddr;
            if (segment.p_type == PT_GNU_RELRO) {
                array.read_only_from = page_of(begin);
                array.read_only_to = page_of(begin + segment.p_memsz);
            }
            if (segment.p_type != PT_DYNAMIC) continue;
            const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(begin);
            for (; entry->d_tag != DT_NULL; ++entry) {
                if (entry->d_tag == DT_INIT_ARRAY)
                    array.first = reinterpret_cast<initializer*>(program->dlpi_addr + entry->d_un.d_ptr);
                if (entry->d_tag == DT_INIT_ARRAYSZ) array.count = entry->d_un.d_val / sizeof(initializer);
            }
        }
        return 1;  // the program comes first
    };
    ::dl_iterate_phdr(look, &found);
    return found;
}

// The table may have been made read-only when the program was loaded, and then is afterwards.
void replace_last(const initializers& program, initializer by) {
    initializer& last = program.first[program.count - 1];
    const std::uintptr_t page = page_of(reinterpret_cast<std::uintptr_t>(&last));
    const bool read_only = page >= program.read_only_from && page < program.read_only_to;
    auto protect = [&](int how) {
        if (read_only && ::mprotect(reinterpret_cast<void*>(page), page_size(), how) != 0)
            give_up(std::strerror(errno));
    };
    protect(PROT_READ | PROT_WRITE);
    last = by;
    protect(PROT_READ);
}

// Whether the descriptor is one end of a socket pair that a parent process has made.
pid_t maker_of_socket() {
    struct ucred maker = {};
    socklen_t size = sizeof maker;
    return ::getsockopt(pool_socket, SOL_SOCKET, SO_PEERCRED, &maker, &size) == 0 ? maker.pid : -1;
}

// Whoever can set a variable of the environment, and nothing else, gets what he gets without: the program.
[[gnu::constructor]] void serve_if_asked_to() {
    const char* asked = ::secure_getenv(pool_socket_variable);
    if (!asked) return;
    const bool meant = std::to_string(pool_socket) == asked;
    ::unsetenv(pool_socket_variable);  // programs that the functions start are not meant
    const pid_t parent = maker_of_socket();
    if (!meant || parent < 0) return;

    // It ends with the thread of the pool that has started it, which nothing else outlives; also while a function runs.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    ::prctl(PR_SET_NAME, "girin_pool");
    // What ends a whole group of processes is not for this one to obey: calls are finished while the program drains.
    // Programs that the functions start are: a handler, unlike SIG_IGN, is not theirs.
    struct sigaction nothing = {};
    nothing.sa_handler = [](int) {};
    nothing.sa_flags = SA_RESTART;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &nothing, nullptr);
    ::fcntl(pool_socket, F_SETFD, FD_CLOEXEC);

    const initializers program = of_program();
    if (program.count == 0) give_up("the program has no constructors");
    last_initializer = program.first[program.count - 1];
    if (reinterpret_cast<void*>(last_initializer) == reinterpret_cast<void*>(&serve_if_asked_to)) serve();
    replace_last(program, &serve_instead_of_main);
}

}  // namespace

const void* serving_code() noexcept {
    return reinterpret_cast<const void*>(&serve_if_asked_to);
}

}  // namespace girin::detail
