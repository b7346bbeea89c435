// An application whose factory starts a thread, and whose handlers start programs.
#include <girin/app.hpp>

#include <stdio.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace {

// What a program that this process starts inherits.
std::string inherited_signals() {
    std::string text;
    FILE* output = ::popen("grep -E 'Sig(Blk|Ign)' /proc/self/status", "re");
    for (int c; (c = std::fgetc(output)) != EOF;) text += static_cast<char>(c);
    ::pclose(output);
    return text;
}

girin::app make_app() {
    std::thread([] {
        for (;;) ::pause();
    }).detach();
    girin::app app;
    app.get("/", [](girin::request&) -> girin::coro<girin::response> { co_return "here"; });
    app.get("/in-pool", [](girin::request&) -> girin::response { return inherited_signals(); });
    app.get("/on-loop", [](girin::request&) -> girin::coro<girin::response> { co_return inherited_signals(); });
    app.get("/slow", [](girin::request&) -> girin::response {
        ::usleep(500'000);
        return "done";
    });
    return app;
}

}  // namespace

GIRIN_APP(make_app)
