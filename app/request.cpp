#include "app/lent_request.hpp"
#include "app/router.hpp"
#include "app/text.hpp"

#include <girin/asgi.hpp>
#include <girin/http_error.hpp>
#include <girin/request.hpp>

#include <stdexcept>

namespace girin {

using detail::parsed_from_text;

namespace {

template <class T>
T read_query(std::string_view name, std::string_view encoded) {
    const std::string text = detail::decode_query(encoded);
    if (auto value = detail::parse_text<T>(text)) return *std::move(value);
    throw http_error(400, "the query parameter " + std::string(name) + " cannot be read: " + detail::excerpt(text));
}

}  // namespace

std::string_view request::method() const noexcept {
    return scope_->method;
}

std::string_view request::path() const noexcept {
    return scope_->path;
}

std::string request::target() const {
    std::string target(scope_->raw_path);
    if (!scope_->query_string.empty()) target.append("?").append(scope_->query_string);
    return target;
}

std::string_view request::query_string() const noexcept {
    return scope_->query_string;
}

std::string_view request::route() const noexcept {
    return route_ ? std::string_view(route_->pattern) : std::string_view();
}

std::optional<address> request::client() const noexcept {
    return scope_->client;
}

template <parsed_from_text T>
T request::path_param(std::string_view name) const {
    for (std::size_t i = 0; route_ && i < route_->params.size(); ++i) {
        if (route_->params[i] != name) continue;
        if (auto value = detail::parse_text<T>(path_params_[i])) return *std::move(value);
        throw http_error(404);
    }
    throw std::logic_error("the route " + std::string(route()) + " has no parameter " + std::string(name));
}

template <parsed_from_text T>
    requires(!std::same_as<T, std::string_view>)
std::optional<T> request::query(std::string_view name) const {
    std::optional<std::string_view> last;
    detail::each_in_query(scope_->query_string, name, [&](std::string_view encoded) { last = encoded; });
    if (!last) return std::nullopt;
    return read_query<T>(name, *last);
}

template <parsed_from_text T>
    requires(!std::same_as<T, std::string_view>)
std::vector<T> request::query_list(std::string_view name) const {
    std::vector<T> values;
    detail::each_in_query(scope_->query_string, name,
                          [&](std::string_view encoded) { values.push_back(read_query<T>(name, encoded)); });
    return values;
}

template bool request::path_param(std::string_view) const;
template int request::path_param(std::string_view) const;
template unsigned request::path_param(std::string_view) const;
template long request::path_param(std::string_view) const;
template unsigned long request::path_param(std::string_view) const;
template long long request::path_param(std::string_view) const;
template unsigned long long request::path_param(std::string_view) const;
template double request::path_param(std::string_view) const;
template std::string request::path_param(std::string_view) const;
template std::string_view request::path_param(std::string_view) const;

template std::optional<bool> request::query(std::string_view) const;
template std::optional<int> request::query(std::string_view) const;
template std::optional<unsigned> request::query(std::string_view) const;
template std::optional<long> request::query(std::string_view) const;
template std::optional<unsigned long> request::query(std::string_view) const;
template std::optional<long long> request::query(std::string_view) const;
template std::optional<unsigned long long> request::query(std::string_view) const;
template std::optional<double> request::query(std::string_view) const;
template std::optional<std::string> request::query(std::string_view) const;

template std::vector<bool> request::query_list(std::string_view) const;
template std::vector<int> request::query_list(std::string_view) const;
template std::vector<unsigned> request::query_list(std::string_view) const;
template std::vector<long> request::query_list(std::string_view) const;
template std::vector<unsigned long> request::query_list(std::string_view) const;
template std::vector<long long> request::query_list(std::string_view) const;
template std::vector<unsigned long long> request::query_list(std::string_view) const;
template std::vector<double> request::query_list(std::string_view) const;
template std::vector<std::string> request::query_list(std::string_view) const;

std::optional<std::string_view> request::header(std::string_view name) const noexcept {
    return find_header(scope_->headers, name);
}

std::vector<std::string_view> request::header_list(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const girin::header& field : scope_->headers)
        if (same_name(field.name, name)) values.push_back(field.value);
    return values;
}

std::optional<std::string_view> request::cookie(std::string_view name) const noexcept {
    for (const girin::header& field : scope_->headers)
        if (same_name(field.name, "cookie"))
            if (auto value = detail::find_in_cookies(field.value, name)) return value;
    return std::nullopt;
}

// One message of receive(), which here is http.request or http.disconnect.
void request::accept(const receive_message& message) {
    if (const auto* part = message.as<http_request>()) {
        chunk_ = part->body;
        has_chunk_ = true;
        received_all_ = !part->more_body;
    } else {
        disconnected_ = true;
    }
}

coro<std::string_view> request::body() {
    if (collected_) co_return body_;
    if (streamed_) throw std::logic_error("the body is read through stream() already");
    const auto announced = header("content-length");
    if (announced && detail::parse_text<unsigned long long>(*announced).value_or(0) > max_body_) throw http_error(413);
    while (has_chunk_ || !received_all_) {
        if (!has_chunk_) accept(co_await (*receive_)());
        if (disconnected_) throw client_disconnected();
        if (body_.size() + chunk_.size() > max_body_) throw http_error(413);
        body_.append(chunk_);
        has_chunk_ = false;
    }
    collected_ = true;
    co_return body_;
}

coro<std::optional<std::string_view>> body_stream::next() {
    request& req = *request_;
    if (req.collected_) {
        if (std::exchange(yielded_, true) || req.body_.empty()) co_return std::nullopt;
        co_return req.body_;
    }
    req.streamed_ = true;
    while (req.has_chunk_ || !req.received_all_) {
        if (!req.has_chunk_) req.accept(co_await (*req.receive_)());
        if (req.disconnected_) throw client_disconnected();
        req.has_chunk_ = false;
        if (!req.chunk_.empty()) co_return req.chunk_;
    }
    co_return std::nullopt;
}

bool request::is_disconnected() {
    if (detail::lent_request::is_here(*this))
        throw std::logic_error(
            "a plain handler cannot ask whether the client has left: only the loop knows, and a "
            "coroutine on it");
    while (!disconnected_) {
        if (has_chunk_ ? !(received_all_ && chunk_.empty()) : streamed_ && !received_all_) return false;
        receiving next = (*receive_)();
        if (!next.await_ready()) return false;
        accept(next.await_resume());
    }
    return true;
}

void* request::find_state(detail::type_key key) const {
    void* found = scope_->state ? scope_->state->find(key) : nullptr;
    if (!found) throw std::logic_error("lifespan start-up has put no value of this type into the state");
    return found;
}

}  // namespace girin
