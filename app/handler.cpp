#include "app/lent_request.hpp"

#include <girin/app.hpp>
#include <girin/asgi.hpp>
#include <girin/context.hpp>
#include <girin/thread_pool.hpp>

namespace girin::detail {

coro<response> call_in_pool(plain_call call, const void* function, request& req) {
    co_await req.body();
    const context_slot context = context_slot::current().copy();  // as for to_thread
    auto bound = [&] {
        const lent_request lent(req);
        return invoke_in(context, call, function, req);
    };
    co_return co_await thread_call<decltype(bound)>(req.scope().slot<executor>(), bound);
}

coro<response> call_on_loop(plain_call call, const void* function, request& req) {
    co_return call(function, req);
}

coro<response> ready_response(response answer) {
    co_return answer;
}

}  // namespace girin::detail
