#include <girin/exception_group.hpp>
#include <girin/exceptions.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;

namespace {

template <class Exception>
std::exception_ptr made(Exception exception) {
    return std::make_exception_ptr(std::move(exception));
}

template <class Group = exception_group>
std::string text_of(const std::exception_ptr& raised) {
    try {
        std::rethrow_exception(raised);
    } catch (const Group& group) {
        return group.what();
    }
}

exception_group mixed() {
    auto inner = made(exception_group("inner", {made(std::domain_error("c")), made(std::length_error("d"))}));
    return exception_group("outer", {made(std::domain_error("a")), made(std::length_error("b")), inner});
}

}  // namespace

TEST_CASE("a group has a message and its exceptions, and says both") {
    exception_group one("no luck", {made(std::domain_error("a"))});
    CHECK(one.message() == "no luck");
    CHECK(one.exceptions().size() == 1);
    CHECK(std::string(one.what()) == "no luck (1 sub-exception): a");
    CHECK(std::string(mixed().what()) == "outer (3 sub-exceptions): a; b; inner (2 sub-exceptions): c; d");
    base_exception_group odd("odd", {made(cancelled_error()), made(std::bad_alloc())});
    CHECK(std::string(odd.what()) ==
          "odd (2 sub-exceptions): an exception that is no std::exception; " + std::string(std::bad_alloc().what()));
}

TEST_CASE("a group of nothing, and one of a null exception, are refused") {
    CHECK_THROWS_AS(exception_group("m", {}), std::invalid_argument);
    CHECK_THROWS_AS(exception_group("m", {nullptr}), std::invalid_argument);
    CHECK_THROWS_AS(base_exception_group("m", {}), std::invalid_argument);
    CHECK_THROWS_AS(make_exception_group("m", {made(std::bad_alloc()), nullptr}), std::invalid_argument);
}

TEST_CASE("only a group of ordinary exceptions is an ordinary exception") {
    CHECK_THROWS_AS(exception_group("m", {made(7)}), std::invalid_argument);
    CHECK_THROWS_AS(std::rethrow_exception(make_exception_group("m", {made(std::bad_alloc())})), exception_group);
    CHECK_THROWS_AS(std::rethrow_exception(make_exception_group("m", {made(std::bad_alloc())})), std::exception);
    auto odd = make_exception_group("m", {made(std::bad_alloc()), made(7)});
    bool ordinary = false;
    try {
        std::rethrow_exception(odd);
    } catch (const std::exception&) {
        ordinary = true;
    } catch (const base_exception_group& group) {
        CHECK(group.exceptions().size() == 2);
    }
    CHECK_FALSE(ordinary);
    CHECK_THROWS_AS(std::rethrow_exception(make_exception_group("m", {odd})), base_exception_group);
}

TEST_CASE("split divides a group by type, and the groups within it, which keep their place and message") {
    auto parts = mixed().split<std::domain_error>();
    CHECK(text_of(parts.matched) == "outer (2 sub-exceptions): a; inner (1 sub-exception): c");
    CHECK(text_of(parts.rest) == "outer (2 sub-exceptions): b; inner (1 sub-exception): d");
    auto none = mixed().split<std::overflow_error>();
    CHECK_FALSE(none.matched);
    CHECK(text_of(none.rest) == mixed().what());
    auto all = mixed().split<std::exception>();
    CHECK(text_of(all.matched) == mixed().what());
    CHECK_FALSE(all.rest);
}

TEST_CASE("the parts of a mixed group are of the kinds that fit their members") {
    base_exception_group odd("m", {made(7), made(std::domain_error("a"))});
    auto parts = odd.split<int>();
    CHECK(text_of<base_exception_group>(parts.matched) ==
          "m (1 sub-exception): an exception that is no std::exception");
    CHECK(text_of<exception_group>(parts.rest) == "m (1 sub-exception): a");
}

TEST_CASE("for_each visits the exceptions of a type, those of groups within the group too") {
    std::string seen;
    mixed().for_each<std::length_error>([&](const std::length_error& e) { seen += e.what(); });
    CHECK(seen == "bd");
    seen.clear();
    mixed().for_each<std::logic_error>([&](const std::logic_error& e) { seen += e.what(); });
    CHECK(seen == "abcd");
    CHECK_THROWS_AS(mixed().for_each<std::length_error>([](const std::length_error&) { throw 7; }), int);
}

TEST_CASE("copies of a group share its exceptions") {
    exception_group first("m", {made(std::domain_error("a"))});
    exception_group second = first;
    CHECK(&first.exceptions() == &second.exceptions());
}
