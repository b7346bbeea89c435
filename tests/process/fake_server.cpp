// A real master with workers that serve no HTTP, but boot, answer, hang, crash and drain on demand: the master's tests
// run it. `fake_server SETTINGS_FILE OPTION=VALUE...`; the file is read again on HUP and goes to the workers as it is.
#include "config/bind_text.hpp"
#include "server/log/log.hpp"
#include "server/master/master.hpp"
#include "server/supervision/worker_start.hpp"
#include "tests/process/fake_worker.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace {

using girin::master::configuration;

girin::config::bind_address address(const std::string& text) {
    const auto parsed = girin::config::parse_bind(text);
    if (!parsed) throw std::invalid_argument("an address was expected, not '" + text + "'");
    return *parsed;
}

void apply(girin::master::options& options, const std::string& name, const std::string& value) {
    const auto milliseconds = [&] { return std::chrono::milliseconds(std::stol(value)); };
    if (name == "bind") options.bind = {address(value)};
    if (name == "bind2") options.bind.push_back(address(value));
    if (name == "workers") options.workers = static_cast<unsigned>(std::stoul(value));
    if (name == "timeout") options.timeout = milliseconds();
    if (name == "boot_timeout") options.boot_timeout = milliseconds();
    if (name == "graceful_timeout") options.graceful_timeout = milliseconds();
}

configuration read_configuration(const std::string& file, const std::vector<std::string>& arguments) {
    configuration read;
    read.master.bind = {address("127.0.0.1:0")};
    std::ifstream in(file);
    read.worker_settings.assign(std::istreambuf_iterator<char>(in), {});
    if (read.worker_settings.find("unreadable") != std::string::npos)
        throw std::runtime_error("a setting was expected, not 'unreadable'");
    std::istringstream lines(read.worker_settings);
    std::vector<std::string> all(arguments.begin() + 2, arguments.end());
    for (std::string line; std::getline(lines, line);) all.push_back(line);
    for (const std::string& line : all)
        if (const std::size_t equals = line.find('='); equals != line.npos)
            apply(read.master, line.substr(0, equals), line.substr(equals + 1));
    return read;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv, argv + argc);
    for (const std::string& argument : arguments)
        if (argument.starts_with("errorlog=")) girin::log::open(argument.substr(9), girin::log::level::debug);
    if (const auto start = girin::supervision::take_worker_start()) return fake_worker(*start).run();
    const auto read = [&] { return read_configuration(arguments.at(1), arguments); };
    return girin::master::run(read(), arguments, read);
}
