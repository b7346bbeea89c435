// The routes that a path leads to.
#include "app/router.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using girin::coro;
using girin::request;
using girin::response;

coro<response> nothing(request&) {
    co_return girin::empty_response();
}

// A router whose routes are named by their patterns.
struct routes {
    routes(std::initializer_list<std::string_view> patterns) {
        for (std::string_view pattern : patterns) router.add("GET", pattern, nothing);
    }

    // The pattern of the route that was found, and its parameters: "/users/{id} id=7".
    std::string find(std::string_view path, std::string_view method = "GET") const {
        girin::detail::path_params params;
        const auto match = router.find(method, path, params);
        if (!match.found) return match.mounted ? "mounted " + match.mounted->path : "none";
        std::string text = match.found->pattern;
        for (std::size_t i = 0; i < match.found->params.size(); ++i)
            text.append(" ").append(match.found->params[i]).append("=").append(params[i]);
        return text;
    }

    girin::detail::router router;
};

girin::application raw() {
    return [](const girin::scope&, girin::receiver&, girin::sender&) -> coro<void> { co_return; };
}

}  // namespace

TEST_CASE("a literal path leads to its own route only") {
    const routes r{"/", "/users", "/users/", "/use", "/users/all", "/uses"};
    for (std::string_view path : {"/", "/users", "/users/", "/use", "/users/all", "/uses"}) CHECK(r.find(path) == path);
    for (std::string_view path : {"", "/u", "/us", "/user", "/users/a", "/users/all/", "/usersx", "//", "users"})
        CHECK(r.find(path) == "none");
}

TEST_CASE("paths are compared with regard to case") {
    const routes r{"/Users"};
    CHECK(r.find("/Users") == "/Users");
    CHECK(r.find("/users") == "none");
}

TEST_CASE("{name} takes one segment of at least one character") {
    const routes r{"/users/{id}", "/users/{id}/files/{file}"};
    CHECK(r.find("/users/7") == "/users/{id} id=7");
    CHECK(r.find("/users/a b\xc3\xa9") == "/users/{id} id=a b\xc3\xa9");
    CHECK(r.find("/users/7/files/x.txt") == "/users/{id}/files/{file} id=7 file=x.txt");
    CHECK(r.find("/users/") == "none");
    CHECK(r.find("/users/7/") == "none");
    CHECK(r.find("/users//files/x") == "none");
    CHECK(r.find("/users/7/8") == "none");
}

TEST_CASE("{name:int} takes digits only") {
    const routes r{"/n/{n:int}"};
    CHECK(r.find("/n/0") == "/n/{n:int} n=0");
    CHECK(r.find("/n/99999999999999999999") == "/n/{n:int} n=99999999999999999999");
    for (std::string_view path : {"/n/", "/n/-1", "/n/+1", "/n/1.5", "/n/1x", "/n/x", "/n/1/"})
        CHECK(r.find(path) == "none");
}

TEST_CASE("{name:path} takes the rest, slashes and emptiness included") {
    const routes r{"/files/{rest:path}"};
    CHECK(r.find("/files/") == "/files/{rest:path} rest=");
    CHECK(r.find("/files/a") == "/files/{rest:path} rest=a");
    CHECK(r.find("/files/a/b//c/") == "/files/{rest:path} rest=a/b//c/");
    CHECK(r.find("/files") == "none");
}

TEST_CASE("literal text goes before an int, that before a segment, and that before the rest") {
    const routes r{"/{rest:path}", "/{name}", "/{id:int}", "/7", "/{name}/x", "/{id:int}/y", "/7/z"};
    CHECK(r.find("/7") == "/7");
    CHECK(r.find("/8") == "/{id:int} id=8");
    CHECK(r.find("/seven") == "/{name} name=seven");
    CHECK(r.find("/") == "/{rest:path} rest=");
    CHECK(r.find("/a/b") == "/{rest:path} rest=a/b");
}

TEST_CASE("what leads nowhere is left again for the next best") {
    const routes r{"/{rest:path}", "/{name}/x", "/{id:int}/y", "/7/z", "/users/all", "/users/{id}/x"};
    CHECK(r.find("/7/z") == "/7/z");
    CHECK(r.find("/7/y") == "/{id:int}/y id=7");
    CHECK(r.find("/7/x") == "/{name}/x name=7");
    CHECK(r.find("/7/w") == "/{rest:path} rest=7/w");
    CHECK(r.find("/users/all/x") == "/users/{id}/x id=all");
    CHECK(r.find("/users/all/y") == "/{rest:path} rest=users/all/y");
}

TEST_CASE("a parameter may follow text within its segment") {
    const routes r{"/v{version:int}/info", "/@{name}"};
    CHECK(r.find("/v12/info") == "/v{version:int}/info version=12");
    CHECK(r.find("/vx/info") == "none");
    CHECK(r.find("/@ada") == "/@{name} name=ada");
    CHECK(r.find("/@") == "none");
}

TEST_CASE("eight parameters fit") {
    const routes r{"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h:path}"};
    CHECK(r.find("/1/2/3/4/5/6/7/8/9") == "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h:path} a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8/9");
}

TEST_CASE("a route is found by its method, in upper case only") {
    routes r{"/x"};
    r.router.add("POST", "/x", nothing);
    r.router.add("PROPFIND", "/y", nothing);
    CHECK(r.find("/x", "POST") == "/x");
    CHECK(r.find("/x", "post") == "none");
    CHECK(r.find("/x", "PUT") == "none");
    CHECK(r.find("/y", "PROPFIND") == "/y");
}

TEST_CASE("GET's route answers HEAD, unless HEAD has its own") {
    routes r{"/x", "/users/{id}"};
    r.router.add("HEAD", "/users/{name}", nothing);
    r.router.add("POST", "/z", nothing);
    CHECK(r.find("/x", "HEAD") == "/x");
    CHECK(r.find("/users/7", "HEAD") == "/users/{name} name=7");
    CHECK(r.find("/z", "HEAD") == "none");
}

TEST_CASE("a path whose best route lacks the method goes to the next that has it") {
    routes r{"/users/{id}"};
    r.router.add("POST", "/users/me", nothing);
    CHECK(r.find("/users/me", "POST") == "/users/me");
    CHECK(r.find("/users/me", "GET") == "/users/{id} id=me");
}

TEST_CASE("the methods that a path allows are those of all its routes, once each") {
    routes r{"/users/{id}"};
    r.router.add("POST", "/users/me", nothing);
    r.router.add("HEAD", "/users/{id:int}", nothing);
    r.router.add("DELETE", "/{rest:path}", nothing);
    CHECK(r.router.allowed("/users/me") == "POST, GET, HEAD, DELETE");
    CHECK(r.router.allowed("/users/7") == "HEAD, GET, DELETE");
    CHECK(r.router.allowed("/else") == "DELETE");
    CHECK(r.router.allowed("else") == "");
}

TEST_CASE("parameters are views into the path") {
    const routes r{"/users/{id}"};
    const std::string path = "/users/7";
    girin::detail::path_params params;
    r.router.find("GET", path, params);
    CHECK(params[0].data() == path.data() + 7);
}

TEST_CASE("a route that exists already is refused, whatever its parameters are called") {
    routes r{"/users/{id}", "/n/{n:int}", "/f/{f:path}"};
    for (std::string_view pattern : {"/users/{id}", "/users/{name}", "/n/{m:int}", "/f/{g:path}"})
        CHECK_THROWS_AS(r.router.add("GET", pattern, nothing), std::logic_error);
    CHECK_THROWS_WITH(r.router.add("GET", "/users/{name}", nothing),
                      "the route GET /users/{name} exists already, as /users/{id}");
    CHECK_NOTHROW(r.router.add("PUT", "/users/{name}", nothing));
    CHECK_NOTHROW(r.router.add("GET", "/users/{id:int}", nothing));
}

TEST_CASE("a bad pattern or method is refused with the reason") {
    routes r{};
    struct bad {
        const char* pattern;
        const char* reason;
    };
    for (const bad& b :
         {bad{"", "it must start with /"}, bad{"users", "it must start with /"}, bad{"/{", "there is a { without a }"},
          bad{"/{id", "there is a { without a }"}, bad{"/id}", "there is a } without a {"},
          bad{"/{a}/}", "there is a } without a {"},
          bad{"/{}", "a parameter's name is letters, digits and _, and not \"\""},
          bad{"/{:int}", "a parameter's name is letters, digits and _, and not \"\""},
          bad{"/{7}", "a parameter's name is letters, digits and _, and not \"7\""},
          bad{"/{a b}", "a parameter's name is letters, digits and _, and not \"a b\""},
          bad{"/{{a}", "a parameter's name is letters, digits and _, and not \"{a\""},
          bad{"/{a:float}", "a parameter is of type int or path, and not \"float\""},
          bad{"/{a:}", "a parameter is of type int or path, and not \"\""}, bad{"/{a}/{a}", "the name a is used twice"},
          bad{"/{a:path}/b", "a path parameter must come last"},
          bad{"/{a}.txt", "a parameter must be followed by / or by the end"},
          bad{"/{a}{b}", "a parameter must be followed by / or by the end"},
          bad{"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", "it has more than eight parameters"}}) {
        CAPTURE(b.pattern);
        const std::string expected = "bad route pattern \"" + std::string(b.pattern) + "\": " + b.reason;
        CHECK_THROWS_WITH_AS(r.router.add("GET", b.pattern, nothing), expected.c_str(), std::invalid_argument);
        CHECK(r.find(b.pattern) == "none");
    }
    CHECK_THROWS_AS(r.router.add("", "/x", nothing), std::invalid_argument);
    CHECK_THROWS_AS(r.router.add("G T", "/x", nothing), std::invalid_argument);
}

TEST_CASE("a mounted application is given its path and everything below, with any method") {
    routes r{"/static/special"};
    r.router.mount("/static", raw());
    CHECK(r.find("/static") == "mounted /static");
    CHECK(r.find("/static/") == "mounted /static");
    CHECK(r.find("/static/a/b", "DELETE") == "mounted /static");
    CHECK(r.find("/static/special") == "/static/special");
    CHECK(r.find("/staticx") == "none");
    CHECK(r.find("/stat") == "none");
}

TEST_CASE("an application mounted at / is given what has no route") {
    routes r{"/x"};
    r.router.mount("/", raw());
    CHECK(r.find("/x") == "/x");
    CHECK(r.find("/") == "mounted ");
    CHECK(r.find("/y") == "mounted ");
}

TEST_CASE("two applications at one path, or one under a parameter, are refused") {
    routes r{};
    r.router.mount("/a", raw());
    CHECK_THROWS_AS(r.router.mount("/a/", raw()), std::logic_error);
    CHECK_THROWS_AS(r.router.mount("/{id}", raw()), std::invalid_argument);
    CHECK_THROWS_AS(r.router.mount("b", raw()), std::invalid_argument);
    CHECK_NOTHROW(r.router.mount("/ab", raw()));
}
