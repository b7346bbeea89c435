#include "server/log/basic_user.hpp"

#include <doctest/doctest.h>

using girin::log::basic_user;

TEST_CASE("the user of Basic credentials is what stands before the first colon") {
    CHECK(basic_user("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "Aladdin");
    CHECK(basic_user("bAsIc YTpiOmM=") == "a");
    CHECK(basic_user("Basic OnB3") == "");
}

TEST_CASE("what is not Basic credentials has no user") {
    for (const char* field : {"", "Basic", "Basic ", "Bearer QTpi", "Basic QWxhZGRpbg==", "Basic !!!!", "BasicQTpi"})
        CHECK(basic_user(field) == "");
}
