// The error log of the master and the workers, in Gunicorn's format:
// `[2026-11-20 08:39:47 +0000] [24968] [INFO] message`. Every call writes its line before it returns, from any thread.
#pragma once

#include <string>
#include <string_view>

namespace girin::log {

enum class level { debug, info, warning, error, critical };

// Gunicorn's name of a level. Throws std::invalid_argument that lists the names.
level level_named(std::string_view name);

// Sends what is logged from now on to `file` ("-": standard error), unless it is below `least`. To be called before
// other threads log; until it is, lines from info upwards go to standard error. Throws std::system_error.
void open(const std::string& file, level least);

// Opens the file again after logrotate moved it. Throws std::system_error, and then the old file stays.
void reopen();

// Messages are written as they are: bytes from outside go through `escaped` first.
void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);
void critical(std::string_view message);

void write(level severity, std::string_view message);

// Whether a message of this level would be written, for those that are dear to make.
bool enabled(level severity);

}  // namespace girin::log
