// Several errors raised as one, and handled by their kinds.
#include <girin/exception_group.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// All that is wrong with a form, at once.
void check(std::string name, int age, int children) {
    std::vector<std::exception_ptr> wrong;
    if (name.empty()) wrong.push_back(std::make_exception_ptr(std::invalid_argument("no name")));
    if (age > 150) wrong.push_back(std::make_exception_ptr(std::out_of_range("too old")));
    if (children < 0) wrong.push_back(std::make_exception_ptr(std::out_of_range("too few children")));
    if (!wrong.empty()) throw girin::exception_group("a bad form", std::move(wrong));
}

void correct_numbers() {
    try {
        check("", 151, -1);
    } catch (const girin::exception_group& errors) {
        errors.for_each<std::out_of_range>([](const auto& e) { std::cout << e.what() << ", corrected\n"; });
        if (auto rest = errors.split<std::out_of_range>().rest) std::rethrow_exception(rest);
    }
}

int main() {
    try {
        correct_numbers();
    } catch (const girin::exception_group& errors) {
        std::cout << errors.what() << '\n';
    }
}

// Prints:
// too old, corrected
// too few children, corrected
// a bad form (1 sub-exception): no name
