// The request that a plain function is called with, in the thread that calls it.
#pragma once

namespace girin {

class request;

namespace detail {

class lent_request {
 public:
    explicit lent_request(const request& lent) noexcept;
    lent_request(const lent_request&) = delete;
    lent_request& operator=(const lent_request&) = delete;
    ~lent_request();

    // Whether this thread is inside a plain function that was given this request.
    static bool is_here(const request& req) noexcept;

 private:
    const request* before_;
};

}  // namespace detail

}  // namespace girin
