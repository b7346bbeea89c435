#include "app/testing/exchange.hpp"

#include "app/text.hpp"

#include <algorithm>

namespace girin::testing {

namespace {

// Percent-decoding of a path, in which '+' means itself.
std::string decode_path(std::string_view path) {
    std::string plus_kept;
    for (char c : path) plus_kept.append(c == '+' ? "%2B" : std::string_view(&c, 1));
    return detail::decode_query(plus_kept);
}

[[noreturn]] void refuse(std::string_view expected, std::string_view got) {
    throw asgi_error("Expected ASGI message '" + std::string(expected) + "', but got '" + std::string(got) + "'.");
}

}  // namespace

exchange::exchange(const test_request& req, const test_client_options& options, lifespan_state& state)
    : request_(req), scope_(scope_type::http) {
    const std::string_view target = req.target;
    const std::size_t question = target.find('?');
    texts_.reserve(1 + 2 * (req.headers.size() + 2));  // views into short strings must survive
    texts_.push_back(decode_path(target.substr(0, question)));
    auto add = [&](std::string_view name, std::string_view value) {
        std::string& lower = texts_.emplace_back(name);
        std::ranges::transform(lower, lower.begin(), detail::ascii_lower);
        headers_.push_back({lower, texts_.emplace_back(value)});
    };
    if (!std::ranges::any_of(req.headers, [](const auto& h) { return same_name(h.first, "host"); }))
        add("host", "testserver");
    for (const auto& [name, value] : req.headers) add(name, value);
    if (req.parts.size() == 1) add("content-length", std::to_string(req.parts.front().size()));
    if (req.parts.size() > 1) add("transfer-encoding", "chunked");

    scope_.method = req.method;
    scope_.path = texts_.front();
    scope_.raw_path = target.substr(0, question);
    if (question != target.npos) scope_.query_string = target.substr(question + 1);
    scope_.root_path = options.root_path;
    scope_.headers = headers_;
    scope_.client = address{options.client_host, options.client_port};
    scope_.server = address{"testserver", 80};
    scope_.state = &state;
}

receiving exchange::receive() {
    if (left_ || response_.complete) return receive_message(http_disconnect());
    if (parts_taken_ == 0 && request_.parts.empty()) {
        ++parts_taken_;
        return receive_message(http_request());
    }
    if (parts_taken_ < request_.parts.size()) {
        const std::string& part = request_.parts[parts_taken_++];
        return receive_message(http_request(part, parts_taken_ < request_.parts.size()));
    }
    return receiving(wait_);
}

sending exchange::send(const send_message& message) {
    if (left_) throw client_disconnected();
    if (response_.complete)
        throw asgi_error("Unexpected ASGI message '" + std::string(message.type()) +
                         "' sent, after response already completed.");
    if (!has_started()) {
        const auto* first = message.as<http_response_start>();
        if (!first) refuse(http_response_start::type, message.type());
        start(*first);
    } else {
        const auto* body = message.as<http_response_body>();
        if (!body) refuse(http_response_body::type, message.type());
        add_body(*body);
    }
    return {};
}

void exchange::start(const http_response_start& start) {
    if (start.status < 200 || start.status > 599)
        throw asgi_error("Expected a status from 200 to 599, but got " + std::to_string(start.status) + ".");
    for (const header& field : start.headers.fields()) {
        if (!detail::is_token(field.name)) throw asgi_error("Invalid HTTP header name.");
        if (!detail::is_field_value(field.value)) throw asgi_error("Invalid HTTP header value.");
    }
    for (const header& field : start.headers.fields()) {
        response_.headers.emplace_back(field.name, field.value);
        if (same_name(field.name, "content-length")) announced_ = detail::parse_text<unsigned long long>(field.value);
    }
    response_.status = start.status;
}

bool exchange::without_content() const {
    return request_.method == "HEAD" || response_.status == 204 || response_.status == 304;
}

void exchange::add_body(const http_response_body& body) {
    announce_length(body);
    sent_ += body.body.size();
    if (!without_content()) {
        if (announced_ && sent_ > *announced_) throw asgi_error("Response content longer than Content-Length");
        if (announced_ && sent_ < *announced_ && !body.more_body)
            throw asgi_error("Response content shorter than Content-Length");
        if (!body.body.empty()) response_.chunks.emplace_back(body.body);
        response_.body.append(body.body);
    }
    if (body.more_body) return;
    response_.complete = true;
    wait_.release();
}

// As the server does: a body that comes whole has its length told, to a HEAD too, unless the application has told it.
void exchange::announce_length(const http_response_body& body) {
    const bool whole = sent_ == 0 && response_.chunks.empty() && !body.more_body;
    const bool has_length = response_.status != 204 && response_.status != 304;
    if (!whole || announced_ || !has_length || (request_.method == "HEAD" && body.body.empty())) return;
    response_.headers.emplace(response_.headers.begin(), "content-length", std::to_string(body.body.size()));
}

void exchange::leave() {
    left_ = true;
    wait_.release();
}

void exchange::fail() {
    response_.status = 500;
    response_.headers = {{"content-type", "text/plain; charset=utf-8"}};
    response_.chunks = {"Internal Server Error"};
    response_.body = response_.chunks.front();
    response_.complete = true;
}

test_response exchange::result(bool must_be_complete) {
    if (must_be_complete && !has_started()) throw asgi_error("ASGI callable returned without starting response.");
    if (must_be_complete && !response_.complete)
        throw asgi_error("ASGI callable returned without completing response.");
    return std::move(response_);
}

}  // namespace girin::testing
