#include "app/router.hpp"

#include "app/text.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace girin::detail {

namespace {

std::size_t segment_length(std::string_view path) {
    return std::min(path.find('/'), path.size());
}

bool all_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

const route* router::endpoint::find(std::string_view method) const {
    for (const route& r : routes)
        if (r.method == method) return &r;
    return method == "HEAD" ? find("GET") : nullptr;
}

// The node that `text` leads to from there, made where it does not exist; a node whose text is shared in part is split.
router::node& router::literal_child(node& from, std::string_view text) {
    if (text.empty()) return from;
    for (auto& child : from.literals) {
        const auto differ = std::ranges::mismatch(child->text, text);
        const auto shared = static_cast<std::size_t>(differ.in1 - child->text.begin());
        if (shared == 0) continue;
        if (shared < child->text.size()) {
            auto upper = std::make_unique<node>();
            upper->text = child->text.substr(0, shared);
            child->text.erase(0, shared);
            upper->literals.push_back(std::exchange(child, nullptr));
            child = std::move(upper);
        }
        return literal_child(*child, text.substr(shared));
    }
    from.literals.push_back(std::make_unique<node>());
    from.literals.back()->text = text;
    return *from.literals.back();
}

router::endpoint& router::reach(const std::vector<pattern_piece>& pieces) {
    node* at = &root_;
    for (const pattern_piece& piece : pieces) {
        at = &literal_child(*at, piece.text);
        if (!piece.has_param) continue;
        if (piece.kind == param_kind::rest) {
            if (!at->rest) at->rest = std::make_unique<endpoint>();
            return *at->rest;
        }
        auto& child = piece.kind == param_kind::integer ? at->integer : at->segment;
        if (!child) child = std::make_unique<node>();
        at = child.get();
    }
    return *at;
}

void router::add(std::string_view method, std::string_view pattern, handler call) {
    if (!is_token(method))
        throw std::invalid_argument("bad method \"" + std::string(method) + "\" for the route " + std::string(pattern));
    const auto pieces = parse_pattern(pattern);
    endpoint& end = reach(pieces);
    for (const route& other : end.routes)
        if (other.method == method)
            throw std::logic_error("the route " + std::string(method) + " " + std::string(pattern) +
                                   " exists already, as " + other.pattern);
    route& added =
        end.routes.emplace_back(std::string(method), std::string(pattern), std::vector<std::string>(), std::move(call));
    for (const pattern_piece& piece : pieces)
        if (piece.has_param) added.params.push_back(piece.name);
}

void router::mount(std::string_view path, application inner) {
    if (path.ends_with('/')) path.remove_suffix(1);
    const std::string below = std::string(path) + "/{rest:path}";
    const auto pieces = parse_pattern(below);
    if (pieces.size() > 1)
        throw std::invalid_argument("an application cannot be mounted under a parameter: " + std::string(path));
    endpoint& end = reach(pieces);
    if (end.mounted) throw std::logic_error("an application is mounted at " + std::string(path) + " already");
    end.mounted.emplace(std::string(path), inner);
    if (!path.empty()) reach(parse_pattern(path)).mounted.emplace(std::string(path), std::move(inner));
}

// Calls visit(endpoint) for each end that the path leads to, best first, until it returns true. Literal children are
// told apart by one character and parameters end at the next '/', so that each node can be entered at one place of the
// path only.
template <class Visit>
bool router::walk(const node& at, std::string_view path, path_params& params, std::size_t depth, Visit& visit) {
    if (path.empty()) {
        if (visit(at)) return true;
    } else {
        for (const auto& child : at.literals) {
            const std::string_view text = child->text;
            if (text.front() != path.front()) continue;
            if (path.substr(1).starts_with(text.substr(1)) &&
                walk(*child, path.substr(text.size()), params, depth, visit))
                return true;
            break;
        }
        if (at.integer || at.segment) {
            const std::size_t length = segment_length(path);
            if (length > 0) {
                params[depth] = path.substr(0, length);
                const std::string_view rest = path.substr(length);
                if (at.integer && all_digits(params[depth]) && walk(*at.integer, rest, params, depth + 1, visit))
                    return true;
                params[depth] = path.substr(0, length);
                if (at.segment && walk(*at.segment, rest, params, depth + 1, visit)) return true;
            }
        }
    }
    if (!at.rest) return false;
    params[depth] = path;
    return visit(*at.rest);
}

router::match router::find(std::string_view method, std::string_view path, path_params& params) const {
    match result;
    auto visit = [&](const endpoint& end) {
        result.found = end.find(method);
        if (!result.found && end.mounted) result.mounted = &*end.mounted;
        return result.found || result.mounted;
    };
    walk(root_, path, params, 0, visit);
    return result;
}

std::string router::allowed(std::string_view path) const {
    std::vector<std::string_view> methods;
    auto add = [&](std::string_view method) {
        if (std::ranges::find(methods, method) == methods.end()) methods.push_back(method);
    };
    auto visit = [&](const endpoint& end) {
        for (const route& r : end.routes) {
            add(r.method);
            if (r.method == "GET") add("HEAD");
        }
        return false;
    };
    path_params params;
    walk(root_, path, params, 0, visit);
    std::string joined;
    for (std::string_view method : methods) joined.append(joined.empty() ? "" : ", ").append(method);
    return joined;
}

}  // namespace girin::detail
