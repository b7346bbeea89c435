#include "app/lent_request.hpp"

#include <utility>

namespace girin::detail {

namespace {

thread_local const request* current = nullptr;

}  // namespace

lent_request::lent_request(const request& lent) noexcept : before_(std::exchange(current, &lent)) {}

lent_request::~lent_request() {
    current = before_;
}

bool lent_request::is_here(const request& req) noexcept {
    return current == &req;
}

}  // namespace girin::detail
