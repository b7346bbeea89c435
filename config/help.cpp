// The text of --help, made of the table of settings.
#include "config/help.hpp"

#include "config/definition.hpp"
#include "config/value.hpp"

#include <array>
#include <variant>

namespace girin::config {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t indent = 26;

// Appends `text` word by word in the right-hand column; the cursor is at `column`.
void append_wrapped(std::string& out, std::size_t column, std::string_view text) {
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (column > indent && column + 1 + word.size() > width) {
            out += '\n';
            column = 0;
        }
        const std::size_t gap = column < indent ? indent - column : 1;
        out.append(gap, ' ').append(word);
        column += gap + word.size();
    }
    out += '\n';
}

void append_entry(std::string& out, const std::array<std::string_view, 2>& flags, std::string_view metavar,
                  std::string_view help) {
    std::string left;
    for (const std::string_view flag : flags)
        if (!flag.empty()) left.append(left.empty() ? "  " : ", ").append(flag);
    if (!metavar.empty()) left.append(left.empty() ? "  " : " ").append(metavar);
    const bool fits = left.size() + 2 <= indent;
    out.append(left).append(fits ? "" : "\n");
    append_wrapped(out, fits ? left.size() : 0, help);
}

}  // namespace

std::string help_text(std::string_view program) {
    std::string out = "usage: " + std::string(program) + " [FLAG]... [APPLICATION]\n       " + std::string(program) +
                      " health [URL]\n";
    const settings defaults;
    std::string_view section;
    for (const definition& setting : definitions()) {
        if (section != setting.section) out.append("\n").append(section = setting.section).append(":\n");
        const bool is_bool = std::holds_alternative<bool settings::*>(setting.field);
        const std::string negation = is_bool ? "--no-" + std::string(setting.flags.front().substr(2)) : "";
        const std::string value = value_text(defaults, setting);
        append_entry(
            out, is_bool ? std::array{setting.flags.front(), std::string_view(negation)} : setting.flags,
            form_of(setting).metavar,
            std::string(setting.help) + " [" + std::string(setting.name) + (value.empty() ? "" : "=" + value) + "]");
    }
    out += "\nOther:\n";
    for (const command& command : commands()) append_entry(out, command.flags, command.metavar, command.help);
    return out +
           "\nIn brackets: the setting's name and default. The command line goes before the\n"
           "environment (GIRIN_WORKERS=4), and that before the file (\"workers\": 4) that\n"
           "--config or GIRIN_CONFIG names. TIME is 30 (seconds), 500ms or 1h30m, SIZE is\n"
           "8190, 64k, 1m or 1g.\n"
           "\nExit codes: 0 in order; 1 a wrong setting, an address that cannot be listened\n"
           "at, or a server that is not well; 3 the application's start-up failed; 4 the\n"
           "application cannot be loaded.\n";
}

}  // namespace girin::config
