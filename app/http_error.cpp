#include <girin/http_error.hpp>
#include <girin/status.hpp>

namespace girin {

namespace {

std::string detail_of(int status, std::string_view what_is_wrong) {
    return std::string(what_is_wrong.empty() ? reason_phrase(status) : what_is_wrong);
}

}  // namespace

http_error::http_error(int status_code, std::string_view what_is_wrong)
    : std::runtime_error(std::to_string(status_code) + ": " + detail_of(status_code, what_is_wrong)),
      status(status_code),
      detail(detail_of(status_code, what_is_wrong)) {}

http_error::~http_error() = default;

}  // namespace girin
