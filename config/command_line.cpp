// The command line, taken apart by CLI11.
#include "config/command_line.hpp"

#include "config/error.hpp"
#include "config/nearest.hpp"
#include "config/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <variant>

namespace girin::config {
namespace {

// One spelling of one flag. Each is an option of its own for CLI11, so that messages can repeat what was typed.
struct spelling {
    std::string flag;  // empty for the application, which has none
    bool takes_text = true;
    const definition* setting = nullptr;
    const config::command* command = nullptr;
    std::string_view meaning = {};  // the value of a flag that takes none
};

std::vector<spelling> all_spellings() {
    std::vector<spelling> all;
    for (const command& command : commands())
        for (const std::string_view flag : command.flags)
            if (!flag.empty()) all.push_back({std::string(flag), !command.metavar.empty(), nullptr, &command});
    for (const definition& setting : definitions()) {
        const bool is_bool = std::holds_alternative<bool settings::*>(setting.field);
        if (setting.flags.front().empty()) all.push_back({"", true, &setting});
        for (const std::string_view flag : setting.flags) {
            if (flag.empty()) continue;
            all.push_back({std::string(flag), !is_bool, &setting, nullptr, "true"});
            if (is_bool) all.push_back({"--no-" + std::string(flag.substr(2)), false, &setting, nullptr, "false"});
        }
    }
    return all;
}

const CLI::Option* declare(CLI::App& app, const spelling& each) {
    if (each.takes_text) return app.add_option(each.flag.empty() ? "application" : each.flag)->take_all();
    return app.add_flag(each.flag)->take_all();
}

// CLI11 gives a flag whatever comes next. That it is a flag too means that the value was forgotten, and what it is
// taken for would be blamed instead. After = it may be anything.
void require_values(std::span<const char* const> arguments, const std::vector<spelling>& spellings) {
    const auto flag_of = [&](std::string_view argument) {
        const auto known = [&](const spelling& each) { return !each.flag.empty() && each.flag == argument; };
        return std::ranges::find_if(spellings, known);
    };
    for (std::size_t i = 0; i + 1 < arguments.size() && arguments[i] != std::string_view("--"); ++i) {
        const auto flag = flag_of(arguments[i]);
        if (flag == spellings.end() || !flag->takes_text) continue;
        const std::string_view value = arguments[++i];
        if (flag_of(value.substr(0, value.find('='))) != spellings.end())
            throw config_error(flag->flag + " on the command line expects a value, got the flag " + std::string(value));
    }
}

// CLI11 wants the arguments last to first, and takes `--flag=` for a flag whose value is yet to come.
std::vector<std::string> prepared(std::span<const char* const> arguments) {
    std::vector<std::string> result;
    for (const std::string_view argument : arguments) {
        const bool empty_value = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
        result.emplace_back(argument.substr(0, argument.size() - (empty_value ? 1 : 0)));
        if (empty_value) result.emplace_back();
    }
    std::ranges::reverse(result);
    return result;
}

[[noreturn]] void reject(const std::string& argument, const std::vector<spelling>& spellings) {
    if (!argument.starts_with('-'))
        throw config_error("unexpected argument " + in_quotes(argument) +
                           " on the command line, after the application");
    std::vector<known_spelling> known;
    for (const spelling& each : spellings) {
        if (each.flag.empty()) continue;
        known.push_back({each.flag, each.flag});
        if (each.setting != nullptr && each.flag.starts_with("--")) known.push_back({each.setting->name, each.flag});
    }
    const std::string flag = argument.substr(0, argument.find('='));
    const std::string_view meant = nearest(flag, known);
    throw config_error("unknown flag " + flag + " on the command line" +
                       (meant.empty() ? "; girin --help lists all" : "; did you mean " + std::string(meant) + "?"));
}

void take(const spelling& each, const std::string& text, command_line& result) {
    if (!each.takes_text && text != "true") throw config_error(each.flag + " on the command line takes no value");
    if (each.setting != nullptr)
        result.values.push_back({each.setting, each.flag, each.takes_text ? text : std::string(each.meaning)});
    else if (each.takes_text)
        result.config_file = text;
    else
        result.action = std::max(result.action, each.command->action);
}

}  // namespace

command_line parse_command_line(std::span<const char* const> arguments) {
    const std::vector<spelling> spellings = all_spellings();
    require_values(arguments, spellings);
    std::map<const CLI::Option*, const spelling*> meanings;
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    for (const spelling& each : spellings) meanings[declare(app, each)] = &each;
    CLI::App* const health = app.add_subcommand("health");
    const CLI::Option* const url = health->add_option("url");

    try {
        app.parse(prepared(arguments));
    } catch (const CLI::ArgumentMismatch&) {
        throw config_error(std::string(arguments.back()) + " at the end of the command line expects a value");
    }
    const std::vector<std::string> extras = app.remaining(true);
    command_line result;
    if (health->parsed()) {
        if (!extras.empty() || !app.parse_order().empty())
            throw config_error("girin health expects nothing but a URL, such as girin health http://127.0.0.1:8000/");
        result.action = action::health;
        if (url->count() != 0) result.health_url = url->results().front();
        return result;
    }
    for (const std::string& extra : extras)
        if (extra != "--") reject(extra, spellings);
    std::map<const CLI::Option*, std::size_t> taken;
    for (const CLI::Option* option : app.parse_order())
        take(*meanings.at(option), option->results()[taken[option]++], result);
    return result;
}

}  // namespace girin::config
