// An application whose life goes as the file "life" in the current folder says when it is made:
//
//   well             start-up and shut-down succeed
//   cannot-be-made   make_app raises                    stops-slowly MS   shut-down takes so long
//   is-never-made    make_app does not return
//   fails            start-up raises                    never-starts      start-up does not end
//
// It notes "started" and "stopped" in the file "notes", with its pid, and answers "/" with the word. "/slow?MS" takes
// so long, and notes "began" and "answered".
#include <girin/app.hpp>
#include <girin/sleep.hpp>

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;

struct life {
    std::string word = "well";
    int number = 0;
};

void note(const std::string& what) {
    std::ofstream("notes", std::ios::app) << what << ' ' << getpid() << '\n';
}

girin::app make_app() {
    life chosen;
    std::ifstream("life") >> chosen.word >> chosen.number;
    if (chosen.word == "cannot-be-made") throw std::runtime_error("no database configured");
    if (chosen.word == "is-never-made")
        for (;;) pause();
    girin::app app;
    app.lifespan([chosen](girin::lifespan& span) -> girin::coro<void> {
        if (chosen.word == "fails") throw std::runtime_error("the database does not answer");
        if (chosen.word == "never-starts") co_await girin::sleep(24h);
        note("started");
        co_await span.serving();
        if (chosen.word == "stops-slowly") co_await girin::sleep(std::chrono::milliseconds(chosen.number));
        note("stopped");
    });
    app.get("/slow", [](girin::request& req) -> girin::coro<girin::response> {
        note("began");
        co_await girin::sleep(std::chrono::milliseconds(std::stoi(std::string(req.query_string()))));
        note("answered");
        co_return "late";
    });
    app.get("/", [chosen](girin::request&) -> girin::coro<girin::response> { co_return chosen.word; });
    return app;
}

}  // namespace

GIRIN_APP(make_app)
