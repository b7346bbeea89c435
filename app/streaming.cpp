#include "app/response_access.hpp"

#include <girin/asgi.hpp>
#include <girin/streaming.hpp>

#include <exception>
#include <utility>

namespace girin {

namespace {

template <class Chunk>
class generated_body final : public detail::body_source {
 public:
    explicit generated_body(async_generator<Chunk> chunks) : chunks_(std::move(chunks)) {}

    coro<void> send_to(sender& send) override {
        std::exception_ptr raised;
        try {
            while (auto chunk = co_await chunks_.next()) co_await send(http_response_body(*chunk, true));
            co_await send(http_response_body());
        } catch (...) {
            raised = std::current_exception();
        }
        if (!raised) co_return;
        co_await chunks_.aclose();
        std::rethrow_exception(raised);
    }

 private:
    async_generator<Chunk> chunks_;
};

template <class Chunk>
response stream(async_generator<Chunk> chunks, std::string_view media_type, int status) {
    response answer = bytes_response({}, media_type, status);
    detail::response_access::set_source(answer, new generated_body<Chunk>(std::move(chunks)));
    return answer;
}

}  // namespace

response streaming_response(async_generator<std::string> chunks, std::string_view media_type, int status) {
    return stream(std::move(chunks), media_type, status);
}

response streaming_response(async_generator<std::string_view> chunks, std::string_view media_type, int status) {
    return stream(std::move(chunks), media_type, status);
}

}  // namespace girin
