// Lets the framework fill in what a request shows of its route.
#pragma once

#include "app/router.hpp"

#include <girin/request.hpp>

namespace girin::detail {

class request_access {
 public:
    static path_params& params(request& req) noexcept { return req.path_params_; }
    static void set_route(request& req, const route* r) noexcept { req.route_ = r; }
    static const route* route_of(const request& req) noexcept { return req.route_; }
};

}  // namespace girin::detail
