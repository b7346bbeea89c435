#include <girin/exception_group.hpp>

#include <algorithm>
#include <stdexcept>

namespace girin {

namespace {

// Null when it is not derived from std::exception; otherwise valid as long as the exception.
const std::exception* as_ordinary(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& e) {
        return &e;
    } catch (...) {
        return nullptr;
    }
}

bool all_ordinary(const std::vector<std::exception_ptr>& exceptions) {
    return std::all_of(exceptions.begin(), exceptions.end(), [](const auto& e) { return as_ordinary(e); });
}

std::string describe(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& e) {
        return e.what();
    } catch (const base_exception_group& group) {
        return group.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

}  // namespace

struct base_exception_group::contents {
    std::string message;
    std::vector<std::exception_ptr> exceptions;
    std::string text;
};

base_exception_group::base_exception_group(std::string message, std::vector<std::exception_ptr> exceptions) {
    if (exceptions.empty()) throw std::invalid_argument("an exception_group needs at least one exception");
    std::string text = message + " (" + std::to_string(exceptions.size()) + " sub-exception";
    if (exceptions.size() > 1) text += 's';
    const char* gap = "): ";
    for (const std::exception_ptr& exception : exceptions) {
        if (!exception) throw std::invalid_argument("a member of an exception_group must not be null");
        text += gap + describe(exception);
        gap = "; ";
    }
    contents_ = std::make_shared<contents>(contents{std::move(message), std::move(exceptions), std::move(text)});
}

base_exception_group::~base_exception_group() = default;

const std::string& base_exception_group::message() const noexcept {
    return contents_->message;
}

const std::vector<std::exception_ptr>& base_exception_group::exceptions() const noexcept {
    return contents_->exceptions;
}

const char* base_exception_group::what() const noexcept {
    return contents_->text.c_str();
}

base_exception_group::parts base_exception_group::split_by(bool (*matches)(const std::exception_ptr&)) const {
    std::vector<std::exception_ptr> matched, rest;
    for (const std::exception_ptr& exception : exceptions()) {
        if (matches(exception)) {
            matched.push_back(exception);
            continue;
        }
        try {
            std::rethrow_exception(exception);
        } catch (const base_exception_group& group) {
            parts of_group = group.split_by(matches);
            if (of_group.matched) matched.push_back(std::move(of_group.matched));
            if (of_group.rest) rest.push_back(std::move(of_group.rest));
        } catch (...) {
            rest.push_back(exception);
        }
    }
    parts result;
    if (!matched.empty()) result.matched = make_exception_group(message(), std::move(matched));
    if (!rest.empty()) result.rest = make_exception_group(message(), std::move(rest));
    return result;
}

exception_group::exception_group(std::string message, std::vector<std::exception_ptr> exceptions)
    : base_exception_group(std::move(message), std::move(exceptions)) {
    if (!all_ordinary(this->exceptions()))
        throw std::invalid_argument(
            "a member of an exception_group is not derived from std::exception: make a base_exception_group of it");
}

exception_group::~exception_group() = default;

const char* exception_group::what() const noexcept {
    return base_exception_group::what();
}

std::exception_ptr make_exception_group(std::string message, std::vector<std::exception_ptr> exceptions) {
    const bool has_null = std::find(exceptions.begin(), exceptions.end(), nullptr) != exceptions.end();
    if (!has_null && all_ordinary(exceptions))
        return std::make_exception_ptr(exception_group(std::move(message), std::move(exceptions)));
    return std::make_exception_ptr(base_exception_group(std::move(message), std::move(exceptions)));
}

}  // namespace girin
