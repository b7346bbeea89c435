"""The law of the house as data: which folder may include what. tests/headers/arrows.py enforces it."""

# Third-party libraries, by how their headers begin.
LIBRARIES = {
    "boost": "boost/",
    "nlohmann": "nlohmann/",
    "cli11": "CLI/",
    "llhttp": "llhttp",
    "spdlog": "spdlog/",
    "doctest": "doctest",
}

# What the private files of a component may include: other components (everything they have) and libraries.
COMPONENTS = {
    "aio": {"components": {"aio"}, "libraries": {"boost"}},
    "config": {"components": {"config"}, "libraries": {"nlohmann", "cli11"}},
    "server": {"components": {"server", "aio", "config"}, "libraries": {"llhttp", "spdlog"}},
    "app": {"components": {"app", "aio"}, "libraries": set()},
}

# The parts of server/ that app/ may see: the contract, and what it is made of. The examples may also run themselves.
CONTRACT = ("girin/asgi.hpp", "girin/status.hpp", "girin/export_app.hpp")
EXAMPLES_ALSO = {"girin/run.hpp"}
EXAMPLES_LIBRARIES = {"boost"}  # for girin/asio.hpp

# What loadtest/ measures beside ours, and so may import besides Python's standard library.
LOADTEST_MEASURES = {"uvloop"}

# Public headers are std-only, but for these.
PUBLIC_EXCEPTIONS = {"girin/json.hpp": {"nlohmann"}, "girin/asio.hpp": {"boost"}}

# What runs in the master stays fork-safe: no Asio, no threads, no application code, not even through another header.
MASTER = ("server/master/", "server/supervision/")
MASTER_FORBIDDEN = {
    "boost/": "Asio",
    "thread": "threads",
    "future": "threads",
    "stop_token": "threads",
    "pthread.h": "threads",
    "dlfcn.h": "loading applications",
    "girin/application.hpp": "application code",
}

# Asio's internals are named in one noun only.
ASIO_DETAIL = "aio/reactor"

STANDARD = set(
    """algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes
    climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef
    cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution expected filesystem format
    forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits
    list locale map memory memory_resource mutex new numbers numeric optional ostream print queue random ranges ratio
    regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
    string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version""".split()
)
