// What one request needs besides the bytes it came in: its head, its lines and fields, and the parser's state.
#pragma once

#include "server/http1/authority.hpp"
#include "server/http1/line_guard.hpp"
#include "server/http1/parser.hpp"
#include "server/http1/request_head.hpp"

#include <girin/headers.hpp>

#include <memory>

namespace girin::http1 {

// Some kilobytes, allocated once. A worker pools them, and an idle connection holds none.
struct request_storage {
    // The limits must outlive the storage.
    explicit request_storage(const limits&& limits) = delete;
    explicit request_storage(const limits& limits)
        : lines(std::make_unique<text_line[]>(limits.fields + 1)),
          fields(std::make_unique<header[]>(limits.fields + 1)),
          parsed(limits) {}

    request_head head;
    // Room for limits::fields and the request line.
    std::unique_ptr<text_line[]> lines;
    // Room for limits::fields and the Host of an absolute-form target.
    std::unique_ptr<header[]> fields;
    authority_checker hosts;
    parser parsed;
};

}  // namespace girin::http1
