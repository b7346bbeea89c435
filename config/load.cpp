// Applies the sources of settings one over the other.
#include "config/load.hpp"

#include "config/bind_text.hpp"
#include "config/command_line.hpp"
#include "config/help.hpp"
#include "config/json.hpp"
#include "config/nearest.hpp"
#include "config/text.hpp"
#include "config/value.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>

namespace girin::config {
namespace {

constexpr std::string_view prefix = "GIRIN_";
constexpr std::string_view default_origin = "default";

const std::string* find_variable(const environment& variables, std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() || found->second.empty() ? nullptr : &found->second;
}

std::string& origin_of(parsed& result, const definition& setting) {
    return result.origins[static_cast<std::size_t>(&setting - definitions().data())];
}

// The setting that somebody who wrote `word` probably meant, whether it resembles the name or a flag; or "".
std::string_view nearest_setting(std::string_view word) {
    std::vector<known_spelling> known;
    for (const definition& setting : definitions())
        for (const std::string_view spelling : {setting.name, setting.flags[0], setting.flags[1]})
            if (!spelling.empty()) known.push_back({spelling, setting.name});
    return nearest(word, known);
}

std::string read_file(const std::string& path, const std::string& origin) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
    std::string text;
    char buffer[4096];
    if (file) {
        while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, size);
    }
    if (!file || std::ferror(file.get()))
        throw config_error("cannot read the settings file " + in_quotes(path) + " (" + origin +
                           "): " + std::strerror(errno));
    return text;
}

void apply_file(parsed& result, const std::string& path, const std::string& origin) {
    for (const json_entry& entry : read_json(read_file(path, origin), path)) {
        const std::string place = path + ':' + std::to_string(entry.line);
        if (const definition* setting = find_definition(entry.key)) {
            set_value(result.values, *setting, entry, place);
            origin_of(result, *setting) = place;
            continue;
        }
        const std::string_view meant = nearest_setting(entry.key);
        throw config_error("unknown setting " + in_quotes(entry.key) + " in " + place +
                           (meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?"));
    }
}

void apply_environment(parsed& result, const environment& variables) {
    for (const definition& setting : definitions()) {
        const std::string name = environment_name(setting.name);
        const std::string* text = find_variable(variables, name);
        if (text == nullptr) continue;
        const std::string origin = "environment " + name;
        set_value(result.values, setting, {text, 1}, origin);
        origin_of(result, setting) = origin;
    }
}

void apply_command_line(parsed& result, const command_line& line) {
    for (const definition& setting : definitions()) {
        std::vector<std::string> texts;
        std::string origin;
        for (const auto& [given, flag, text] : line.values) {
            if (given != &setting) continue;
            texts.push_back(text);
            origin = flag.empty() ? "command line" : "command line " + flag;
        }
        if (texts.empty()) continue;
        set_value(result.values, setting, texts, origin);
        origin_of(result, setting) = origin;
    }
}

// Last of all, and only for what nobody set: a PORT meant for another program must not stop a server that was given -b.
void apply_fallbacks(parsed& result, const environment& variables) {
    for (const definition& setting : definitions()) {
        const std::string* text = find_variable(variables, setting.fallback.variable);
        if (text == nullptr || origin_of(result, setting) != default_origin) continue;
        const std::string origin = "environment " + std::string(setting.fallback.variable);
        const std::string value = std::string(setting.fallback.prefix) + *text;
        set_value(result.values, setting, {&value, 1}, origin);
        origin_of(result, setting) = origin;
    }
}

// Where a server of the same environment listens, unless its command line or file says otherwise.
std::string own_url(const environment& variables) {
    environment about_listening;  // what is wrong with the rest does not matter
    for (const std::string_view name : {"GIRIN_BIND", "PORT"})
        if (const auto found = variables.find(name); found != variables.end()) about_listening.insert(*found);
    parsed own;
    own.origins.assign(definitions().size(), std::string(default_origin));
    apply_environment(own, about_listening);
    apply_fallbacks(own, about_listening);
    for (bind_address address : own.values.bind) {
        if (!address.path.empty()) continue;
        if (address.host == "0.0.0.0") address.host = "127.0.0.1";
        if (address.host == "::") address.host = "::1";
        return "http://" + bind_text(address) + "/";
    }
    throw config_error("the server listens at no TCP address: give girin health the URL to ask");
}

std::vector<std::string> warnings_about(const environment& variables) {
    std::vector<std::string> warnings;
    for (auto each = variables.lower_bound(prefix); each != variables.end() && each->first.starts_with(prefix);
         ++each) {
        const std::string& name = each->first;
        // Kubernetes sets these in every pod beside a service that is called girin.
        if (name.starts_with("GIRIN_PORT") || name.starts_with("GIRIN_SERVICE_")) continue;
        const std::string setting = lower(std::string_view(name).substr(prefix.size()));
        if (name == "GIRIN_DEBUG") continue;  // the event loop's
        if (name == "GIRIN_CONFIG" || (find_definition(setting) != nullptr && environment_name(setting) == name))
            continue;
        const std::string_view meant = nearest_setting(setting);
        warnings.push_back("unknown environment variable " + name + " is ignored" +
                           (meant.empty() ? "" : "; did you mean " + environment_name(meant) + "?"));
    }
    return warnings;
}

}  // namespace

environment current_environment() {
    environment result;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view variable = *each;
        const std::size_t sign = variable.find('=');
        if (sign != variable.npos) result.emplace(variable.substr(0, sign), variable.substr(sign + 1));
    }
    return result;
}

parsed load(int argc, const char* const* argv, const environment& variables) {
    const std::span arguments(argv, static_cast<std::size_t>(argc));
    const command_line line = parse_command_line(arguments.subspan(arguments.empty() ? 0 : 1));
    parsed result{.action = line.action};
    result.origins.assign(definitions().size(), std::string(default_origin));
    const std::string_view program = arguments.empty() ? "girin" : arguments.front();
    if (line.action == action::help) result.text = help_text(program.substr(program.rfind('/') + 1));
    if (line.action == action::version) result.text = "girin (version " GIRIN_VERSION ")\n";
    if (line.action == action::health) result.health_url = line.health_url ? *line.health_url : own_url(variables);
    if (!result.text.empty() || line.action == action::health) return result;

    const std::string* const named = find_variable(variables, "GIRIN_CONFIG");
    if (line.config_file)
        apply_file(result, *line.config_file, "command line --config");
    else if (named != nullptr)
        apply_file(result, *named, "environment GIRIN_CONFIG");
    apply_environment(result, variables);
    apply_command_line(result, line);
    apply_fallbacks(result, variables);
    result.warnings = warnings_about(variables);
    return result;
}

std::string_view origin_of(const parsed& result, std::string_view name) {
    return result.origins[static_cast<std::size_t>(find_definition(name) - definitions().data())];
}

std::string print(const parsed& result) {
    std::string text;
    for (const definition& setting : definitions()) {
        const std::string value = value_text(result.values, setting);
        text.append(setting.name).append(" = ").append(value.empty() ? "\"\"" : value);
        text.append("  # ").append(origin_of(result, setting.name)).append("\n");
    }
    return text;
}

}  // namespace girin::config
