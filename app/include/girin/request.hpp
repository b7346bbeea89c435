// What a handler is given: the scope of one HTTP request, read as a handler wants it, and its body.
#pragma once

#include <girin/address.hpp>
#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/type_key.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace girin {

class receive_message;
class receiver;
class request;
class scope;

namespace detail {

struct route;
class request_access;

inline constexpr std::size_t max_path_params = 8;
inline constexpr std::size_t default_max_body = 16 << 20;

// What text in a URL can be read as.
template <class T>
concept parsed_from_text =
    std::same_as<T, bool> || std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, long> ||
    std::same_as<T, unsigned long> || std::same_as<T, long long> || std::same_as<T, unsigned long long> ||
    std::same_as<T, double> || std::same_as<T, std::string> || std::same_as<T, std::string_view>;

// Reads JSON text as T, or as a document when T is void; <girin/json.hpp> defines it.
template <class T>
struct json_reader;

}  // namespace detail

// The body as it arrives. One at a time, within the life of its request.
class GIRIN_EXPORT body_stream {
 public:
    // The next chunk, of any size and valid until the next call, or nothing at the end of the body. Raises
    // client_disconnected when the client leaves in the middle.
    coro<std::optional<std::string_view>> next();

 private:
    friend class request;
    explicit body_stream(request& owner) noexcept : request_(&owner) {}

    request* request_;
    bool yielded_ = false;
};

// Every view it returns is valid until the application has returned for this request; a handler's is, and so is that of
// the generator of a streaming response.
class GIRIN_EXPORT request {
 public:
    request(const girin::scope& s, receiver& receive, std::size_t max_body = detail::default_max_body) noexcept
        : scope_(&s), receive_(&receive), max_body_(max_body) {}
    request(const request&) = delete;
    request& operator=(const request&) = delete;

    const girin::scope& scope() const noexcept { return *scope_; }

    std::string_view method() const noexcept;
    // Percent-decoded, with the path that the application is mounted at, without the query.
    std::string_view path() const noexcept;
    // As it stood in the request line: path and query, still encoded.
    std::string target() const;
    // What follows '?', still encoded.
    std::string_view query_string() const noexcept;
    // The pattern of the route that matched, such as "/users/{id:int}"; empty when none did.
    std::string_view route() const noexcept;
    std::optional<address> client() const noexcept;

    // What the path has in the place of that parameter of the route's pattern. Read as a number, a text that is not
    // one, or is out of range, is answered 404. A name that the pattern does not have is a std::logic_error.
    template <detail::parsed_from_text T = std::string_view>
    T path_param(std::string_view name) const;

    // The last value of that name in the query, percent-decoded, with '+' as a space, or nothing. Read as a number, or
    // as a bool ("true", "false", "1", "0"), a text that is not one, or is out of range, is answered 400.
    template <detail::parsed_from_text T = std::string>
        requires(!std::same_as<T, std::string_view>)
    std::optional<T> query(std::string_view name) const;
    // The same, or `absent` when it is not there.
    template <detail::parsed_from_text T>
    T query(std::string_view name, T absent) const {
        if (auto value = query<T>(name)) return *std::move(value);
        return absent;
    }

    // All values of that name in the query, in their order, read as the one of query() is.
    template <detail::parsed_from_text T = std::string>
        requires(!std::same_as<T, std::string_view>)
    std::vector<T> query_list(std::string_view name) const;

    // The value of the first header field of that name, in any case; or nothing.
    std::optional<std::string_view> header(std::string_view name) const noexcept;
    // The values of all header fields of that name, in any case and in their order.
    std::vector<std::string_view> header_list(std::string_view name) const;
    // The value of the first cookie of that name, without quotes around it; or nothing. Browsers send the cookie of the
    // longest path first (RFC 6265 section 5.4), but nobody can rely on it: give cookies of one site different names.
    std::optional<std::string_view> cookie(std::string_view name) const noexcept;

    // Reads the whole body, once; later calls return it again. A body over the application's max_body is answered 413.
    // Raises client_disconnected when the client leaves in the middle, and std::logic_error after stream() has begun to
    // read.
    coro<std::string_view> body();
    // The body that body() has read. A plain handler finds all of it here.
    std::string_view data() const noexcept { return body_; }
    // The body as a JSON document, or as a T made from one; needs <girin/json.hpp>. Malformed JSON is answered 400, and
    // a document that is no T 422.
    template <class T = void>
    coro<typename detail::json_reader<T>::value_type> json() {
        co_return detail::json_reader<T>::read(co_await body());
    }
    // The body chunk by chunk: while (auto chunk = co_await stream.next()). After body() it is one chunk.
    body_stream stream() noexcept { return body_stream(*this); }

    // Whether the client has left, as far as is known without waiting; false while there is unread body. For the loop's
    // thread only, as all that reads from the client: in a plain handler it is a std::logic_error, in whichever kind of
    // worker (on_loop's may ask).
    bool is_disconnected();

    // What lifespan start-up has put there. std::logic_error when it put nothing of that type.
    template <class T>
    T& state() const {
        return *static_cast<T*>(find_state(detail::type_key_of<T>()));
    }

 private:
    friend class body_stream;
    friend class detail::request_access;
    void* find_state(detail::type_key key) const;
    void accept(const receive_message& message);

    const girin::scope* scope_;
    receiver* receive_;
    const detail::route* route_ = nullptr;
    std::size_t max_body_;
    std::array<std::string_view, detail::max_path_params> path_params_;
    std::string body_;
    std::string_view chunk_;  // received, and not yet taken
    bool has_chunk_ = false;
    bool received_all_ = false;
    bool collected_ = false;  // by body()
    bool streamed_ = false;   // at least begun, through stream()
    bool disconnected_ = false;
};

}  // namespace girin
