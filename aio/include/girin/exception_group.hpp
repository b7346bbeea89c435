// exception_group: several exceptions raised as one (ExceptionGroup, BaseExceptionGroup).
#pragma once

#include <girin/export.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace girin {

// A group with a member that is not derived from std::exception, and so is not one either: a handler of ordinary errors
// must not swallow it. Catching this by reference catches both kinds. Copies share the members.
class GIRIN_EXPORT base_exception_group {
 public:
    // std::invalid_argument when there is no exception, or a null one.
    base_exception_group(std::string message, std::vector<std::exception_ptr> exceptions);
    base_exception_group(const base_exception_group&) = default;
    virtual ~base_exception_group();

    const std::string& message() const noexcept;
    // In the order in which they were raised; a group among them is one member.
    const std::vector<std::exception_ptr>& exceptions() const noexcept;
    // The message, and what() of the members: "unhandled errors in a task_group (2 sub-exceptions): no such user; …".
    virtual const char* what() const noexcept;

    struct parts {
        std::exception_ptr matched;  // a group of those that are an E, or null
        std::exception_ptr rest;     // a group of the others, or null
    };
    // Python's `except* E`, which leaves the rest to be raised again; groups within the group are split as well, and
    // keep their place and message: `if (auto rest = group.split<E>().rest) std::rethrow_exception(rest);`
    template <class E>
    parts split() const {
        return split_by(&is_a<E>);
    }
    // Calls handle(const E&) for each exception that is an E, those of groups within the group too.
    template <class E, class Handle>
    void for_each(Handle handle) const {
        for (const std::exception_ptr& member : exceptions()) {
            try {
                std::rethrow_exception(member);
            } catch (const E& exception) {
                handle(exception);
            } catch (const base_exception_group& group) {
                group.for_each<E>(std::ref(handle));
            } catch (...) {
            }
        }
    }

 private:
    struct contents;

    template <class E>
    static bool is_a(const std::exception_ptr& exception) {
        try {
            std::rethrow_exception(exception);
        } catch (const E&) {
            return true;
        } catch (...) {
            return false;
        }
    }
    parts split_by(bool (*matches)(const std::exception_ptr&)) const;

    std::shared_ptr<const contents> contents_;
};

// A group of exceptions that are all derived from std::exception.
class GIRIN_EXPORT exception_group : public base_exception_group, public std::exception {
 public:
    // std::invalid_argument when there is no exception, a null one, or one that is not derived from std::exception.
    exception_group(std::string message, std::vector<std::exception_ptr> exceptions);
    exception_group(const exception_group&) = default;
    ~exception_group() override;

    const char* what() const noexcept override;
};

// A group of the kind that fits its members. std::invalid_argument as above.
GIRIN_EXPORT std::exception_ptr make_exception_group(std::string message, std::vector<std::exception_ptr> exceptions);

}  // namespace girin
