// Responses whose body an async generator makes while it is sent.
#pragma once

#include <girin/async_generator.hpp>
#include <girin/export.hpp>
#include <girin/response.hpp>

#include <string>
#include <string_view>

namespace girin {

// Sends each chunk when it is yielded, and asks for the next when the server can take more. The generator runs in the
// request's task; when the client leaves it is closed (generator_exit is raised at its co_yield, and what it awaits
// then is waited for), or cancelled where it waits. An exception from it cuts the response short. The string form takes
// chunks over; the view form borrows them until the generator continues.
GIRIN_EXPORT response streaming_response(async_generator<std::string> chunks,
                                         std::string_view media_type = "text/plain; charset=utf-8", int status = 200);
GIRIN_EXPORT response streaming_response(async_generator<std::string_view> chunks,
                                         std::string_view media_type = "text/plain; charset=utf-8", int status = 200);

}  // namespace girin
