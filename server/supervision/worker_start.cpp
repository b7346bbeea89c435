#include "server/supervision/worker_start.hpp"

#include <fcntl.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <set>
#include <stdexcept>

namespace girin::supervision {
namespace {

[[noreturn]] void refuse(std::string_view what) {
    throw std::invalid_argument(std::string(worker_variable) + " is for girin's master to set: " + std::string(what));
}

bool is_number(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == word.npos;
}

int number(std::string_view word) {
    int value = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value < 0)
        refuse("a number was expected, not '" + std::string(word) + "'");
    return value;
}

template <class Use>
void for_each_part(std::string_view text, char separator, Use use) {
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(separator));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        if (!part.empty()) use(part);
    }
}

std::vector<int> descriptors_of(const worker_start_info& info) {
    std::vector<int> all = info.listeners;
    all.insert(all.end(), {info.settings, info.scoreboard, info.channel});
    return all;
}

void check(const worker_start_info& info) {
    std::set<int> seen;
    for (const int fd : descriptors_of(info)) {
        if (fd < 3) refuse("settings, scoreboard, channel and listeners must each name a descriptor from 3 upwards");
        if (!seen.insert(fd).second) refuse("descriptor " + std::to_string(fd) + " is named twice");
    }
}

}  // namespace

std::string encode_worker_start(const worker_start_info& info) {
    std::string text = "listeners=";
    for (const int fd : info.listeners) text += (text.back() == '=' ? "" : ",") + std::to_string(fd);
    text += " settings=" + std::to_string(info.settings);
    text += " scoreboard=" + std::to_string(info.scoreboard);
    text += " channel=" + std::to_string(info.channel);
    text += " slot=" + std::to_string(info.slot);
    text += " generation=" + std::to_string(info.generation);
    return text;
}

worker_start_info decode_worker_start(std::string_view text) {
    worker_start_info info;
    for_each_part(text, ' ', [&](std::string_view word) {
        const std::size_t equals = word.find('=');
        if (equals == word.npos)
            refuse("name=value was expected, not '" + std::string(word) + "'" +
                   (is_number(word) ? "; did you mean GIRIN_WORKERS?" : ""));
        const std::string_view name = word.substr(0, equals);
        const std::string_view value = word.substr(equals + 1);
        if (name == "listeners")
            for_each_part(value, ',', [&](std::string_view fd) { info.listeners.push_back(number(fd)); });
        else if (name == "settings")
            info.settings = number(value);
        else if (name == "scoreboard")
            info.scoreboard = number(value);
        else if (name == "channel")
            info.channel = number(value);
        else if (name == "slot")
            info.slot = static_cast<unsigned>(number(value));
        else if (name == "generation")
            info.generation = static_cast<unsigned>(number(value));
    });
    check(info);
    return info;
}

std::optional<worker_start_info> take_worker_start() {
    const char* value = std::getenv(worker_variable);
    if (value == nullptr) return std::nullopt;
    const std::string text = value;
    ::unsetenv(worker_variable);
    worker_start_info info = decode_worker_start(text);
    for (const int fd : descriptors_of(info))
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) refuse("descriptor " + std::to_string(fd) + " is not open");
    return info;
}

}  // namespace girin::supervision
