#include "server/log/log.hpp"

#include "server/log/log_file.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <unistd.h>

#include <array>
#include <ctime>
#include <memory>
#include <mutex>
#include <stdexcept>

namespace girin::log {
namespace {

struct level_name {
    level value;
    std::string_view name;
    std::string_view label;
    spdlog::level::level_enum native;
};

constexpr std::array<level_name, 5> levels{{
    {level::debug, "debug", "DEBUG", spdlog::level::debug},
    {level::info, "info", "INFO", spdlog::level::info},
    {level::warning, "warning", "WARNING", spdlog::level::warn},
    {level::error, "error", "ERROR", spdlog::level::err},
    {level::critical, "critical", "CRITICAL", spdlog::level::critical},
}};

const level_name& entry(level value) {
    return levels[static_cast<std::size_t>(value)];
}

class gunicorn_format final : public spdlog::formatter {
 public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const std::time_t now = std::chrono::system_clock::to_time_t(message.time);
        std::tm parts{};
        ::localtime_r(&now, &parts);
        std::array<char, 64> head;
        append(out, {head.data(), std::strftime(head.data(), head.size(), "[%Y-%m-%d %H:%M:%S %z] [", &parts)});
        append(out, std::to_string(::getpid()));
        append(out, "] [");
        for (const level_name& known : levels)
            if (known.native == message.level) append(out, known.label);
        append(out, "] ");
        append(out, {message.payload.data(), message.payload.size()});
        append(out, "\n");
    }

    std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<gunicorn_format>(); }

 private:
    static void append(spdlog::memory_buf_t& out, std::string_view text) { out.append(text.begin(), text.end()); }
};

class file_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
    explicit file_sink(const std::string& path)
        : base_sink(std::make_unique<gunicorn_format>()), file_(path, STDERR_FILENO) {}

    void reopen() { file_.reopen(); }

 private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        put(message);
        if (const std::size_t lost = file_.take_dropped()) {
            const std::string note = std::to_string(lost) + " lines of this log were dropped";
            put(spdlog::details::log_msg(message.logger_name, spdlog::level::warn, note));
        }
    }
    void put(const spdlog::details::log_msg& message) {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        file_.write({line.data(), line.size()});
    }
    void flush_() override {}

    log_file file_;
};

struct target {
    target(const std::string& path, level least)
        : sink(std::make_shared<file_sink>(path)), logger(std::make_unique<spdlog::logger>("girin", sink)) {
        logger->set_level(entry(least).native);
    }

    std::shared_ptr<file_sink> sink;
    std::unique_ptr<spdlog::logger> logger;
};

target& current() {
    static target instance("-", level::info);
    return instance;
}

}  // namespace

level level_named(std::string_view name) {
    for (const level_name& known : levels)
        if (known.name == name) return known.value;
    throw std::invalid_argument("the log level must be debug, info, warning, error or critical, not '" +
                                std::string(name) + "'");
}

void open(const std::string& file, level least) {
    current() = target(file, least);
}
void reopen() {
    current().sink->reopen();
}

void debug(std::string_view message) {
    write(level::debug, message);
}
void info(std::string_view message) {
    write(level::info, message);
}
void warning(std::string_view message) {
    write(level::warning, message);
}
void error(std::string_view message) {
    write(level::error, message);
}
void critical(std::string_view message) {
    write(level::critical, message);
}

void write(level severity, std::string_view message) {
    current().logger->log(entry(severity).native, spdlog::string_view_t(message.data(), message.size()));
}

bool enabled(level severity) {
    return current().logger->should_log(entry(severity).native);
}

}  // namespace girin::log
