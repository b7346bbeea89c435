// The README's table of flags, against the settings themselves.
#include "tests/config/support.hpp"
#include "tests/support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <sstream>

using namespace girin::config;
using namespace girin::config::testing;

namespace {

// What stands in `backticks`, piece by piece.
std::vector<std::string> in_backticks(std::string_view text) {
    std::vector<std::string> pieces;
    for (std::size_t from = text.find('`'); from != text.npos; from = text.find('`')) {
        const std::size_t to = text.find('`', from + 1);
        REQUIRE(to != text.npos);
        pieces.emplace_back(text.substr(from + 1, to - from - 1));
        text.remove_prefix(to + 1);
    }
    return pieces;
}

struct row {
    std::vector<std::string> flags;
    std::vector<std::string> names;
    std::vector<std::string> defaults;  // as the settings' texts
};

// The rows of the README whose first column is of flags; the third column has one default for each name of the second.
std::vector<row> rows() {
    std::istringstream lines(read_file(GIRIN_SOURCE_TREE "/README.md"));
    std::vector<row> all;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `-")) continue;
        std::array<std::string, 4> column;
        std::istringstream rest(line.substr(2));
        for (std::string& each : column) {
            std::getline(rest, each, '|');
            each.erase(each.find_last_not_of(' ') + 1);
            each.erase(0, each.find_first_not_of(' '));
        }
        row next{in_backticks(column[0]), in_backticks(column[1]), in_backticks(column[2])};
        if (next.defaults.empty()) next.defaults.push_back(column[2] == "none" ? std::string() : column[2]);
        all.push_back(std::move(next));
    }
    return all;
}

bool has_flag(const definition& setting, const std::string& flag) {
    return std::ranges::find(setting.flags, flag) != setting.flags.end();
}

bool is_command(const std::string& flag) {
    return std::ranges::any_of(
        commands(), [&](const command& each) { return std::ranges::find(each.flags, flag) != each.flags.end(); });
}

}  // namespace

TEST_CASE("the README's flags, names and defaults are those of the settings") {
    std::size_t settings_named = 0;
    for (const row& each : rows()) {
        CAPTURE(each.flags.front());
        for (const std::string& name : each.names) CHECK(find_definition(name) != nullptr);
        for (const std::string& flag : each.flags) {
            CAPTURE(flag);
            const bool is_setting =
                std::ranges::any_of(each.names, [&](const std::string& name) { return has_flag(setting(name), flag); });
            CHECK((each.names.empty() ? is_command(flag) : is_setting));
        }
        if (each.names.empty()) continue;
        REQUIRE(each.defaults.size() == each.names.size());
        for (std::size_t i = 0; i < each.names.size(); ++i) {
            CAPTURE(each.names[i]);
            settings values;
            set_value(values, setting(each.names[i]), {&each.defaults[i], 1}, "README");
            CHECK(values == settings{});
            ++settings_named;
        }
    }
    CHECK(settings_named >= 10);
}
