// The routes of an application in a radix tree. Matching allocates nothing and visits each node at most once.
#pragma once

#include "app/pattern.hpp"

#include <girin/application.hpp>
#include <girin/handler.hpp>
#include <girin/request.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace girin::detail {

// A handler and what it is called for.
struct route {
    std::string method;
    std::string pattern;
    std::vector<std::string> params;  // their names, in the order of the pattern
    handler call;
};

// An application for a path and all below it.
struct mounted_app {
    std::string path;
    application inner;
};

using path_params = std::array<std::string_view, max_path_params>;

// Literal text goes before an {int}, that before a {segment}, and that before a {rest:path}, at each place in the path.
// What leads to a path that the method has no route for is left again, and the next best tried.
class router {
 public:
    // What a path leads to: a route, or an application that is mounted there, or neither.
    struct match {
        const route* found = nullptr;
        const mounted_app* mounted = nullptr;
    };

    // std::invalid_argument for a bad pattern or method, std::logic_error for a route that exists already, with other
    // parameter names or not.
    void add(std::string_view method, std::string_view pattern, handler call);
    // Gives the path and all paths below it to an application; routes go before it. The path has no parameters.
    void mount(std::string_view path, application inner);

    // HEAD is answered by GET when there is no route for it. Fills in the found route's parameters: views into the
    // path.
    match find(std::string_view method, std::string_view path, path_params& params) const;
    // The methods that the path has routes for, as an Allow field has them, or nothing.
    std::string allowed(std::string_view path) const;

 private:
    // Where patterns can end.
    struct endpoint {
        std::vector<route> routes;
        std::optional<mounted_app> mounted;

        const route* find(std::string_view method) const;
    };
    struct node : endpoint {
        std::string text;                             // what leads here from the parent; empty under a parameter
        std::vector<std::unique_ptr<node>> literals;  // no two begin with the same character
        std::unique_ptr<node> integer;
        std::unique_ptr<node> segment;
        std::unique_ptr<endpoint> rest;
    };

    endpoint& reach(const std::vector<pattern_piece>& pieces);
    static node& literal_child(node& from, std::string_view text);
    template <class Visit>
    static bool walk(const node& at, std::string_view path, path_params& params, std::size_t depth, Visit& visit);

    node root_;
};

}  // namespace girin::detail
