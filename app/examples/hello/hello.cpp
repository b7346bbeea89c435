#include <girin/app.hpp>

girin::app make_app() {
    girin::app app;
    app.get("/", [](girin::request&) -> girin::coro<girin::response> { co_return "Hello, World!"; });
    return app;
}

GIRIN_APP(make_app)
