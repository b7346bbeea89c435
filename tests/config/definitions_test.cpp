// The one table of settings.
#include "config/definition.hpp"
#include "config/value.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>

using namespace girin::config;

namespace {

struct anything {
    template <class Type>
    operator Type() const {
        std::abort();
    }
};

// How many members an aggregate has: as many as it takes initializers.
template <class Aggregate, class... Initializers>
constexpr std::size_t member_count() {
    if constexpr (requires { Aggregate{Initializers{}..., anything{}}; })
        return member_count<Aggregate, Initializers..., anything>();
    else
        return sizeof...(Initializers);
}

}  // namespace

TEST_CASE("every member of the settings has one definition, in the same order") {
    CHECK(definitions().size() == member_count<settings>());
    const settings values;
    const void* previous = nullptr;
    for (const definition& each : definitions()) {
        CAPTURE(each.name);
        const void* member = std::visit([&](auto pointer) -> const void* { return &(values.*pointer); }, each.field);
        CHECK(std::less<>{}(previous, member));
        previous = member;
    }
}

TEST_CASE("no two settings or commands share a name or a flag") {
    std::set<std::string_view> names;
    std::set<std::string> flags;
    for (const definition& each : definitions()) {
        CHECK(names.insert(each.name).second);
        for (const std::string_view flag : each.flags) CHECK((flag.empty() || flags.insert(std::string(flag)).second));
    }
    for (const command& each : commands())
        for (const std::string_view flag : each.flags) CHECK((flag.empty() || flags.insert(std::string(flag)).second));
}

TEST_CASE("every setting has a long flag, a section and a sentence of help") {
    for (const definition& each : definitions()) {
        CAPTURE(each.name);
        CHECK((each.name == "application" || each.flags[0].starts_with("--") || each.flags[1].starts_with("--")));
        CHECK_FALSE(each.section.empty());
        CHECK(each.help.ends_with('.'));
        if (std::holds_alternative<bool settings::*>(each.field)) CHECK(each.flags[0].starts_with("--"));
        if (std::holds_alternative<std::string settings::*>(each.field)) CHECK_FALSE(each.metavar.empty());
    }
}

TEST_CASE("every default is a value that could be set") {
    for (const definition& each : definitions()) {
        settings values;
        const std::string text = value_text(values, each);
        CAPTURE(each.name);
        CHECK_NOTHROW(set_value(values, each, {&text, 1}, "default"));
        CHECK(values == settings{});
    }
}

TEST_CASE("a definition is found by its name alone") {
    CHECK(find_definition("workers") != nullptr);
    CHECK(find_definition("workers")->name == "workers");
    CHECK(find_definition("Workers") == nullptr);
    CHECK(find_definition("") == nullptr);
    CHECK(environment_name("worker_class") == "GIRIN_WORKER_CLASS");
}
