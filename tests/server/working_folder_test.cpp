#include "server/working_folder.hpp"

#include "tests/support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace fs = std::filesystem;
using girin::in_working_folder;
using girin::working_folder;

namespace {

// Changes to a folder as a shell does, and back.
class shell {
 public:
    shell(const std::string& folder, const std::string& named) {
        fs::current_path(folder);
        ::setenv("PWD", named.c_str(), 1);
    }
    shell(const shell&) = delete;
    shell& operator=(const shell&) = delete;
    ~shell() {
        fs::current_path(before_);
        if (had_)
            ::setenv("PWD", pwd_.c_str(), 1);
        else
            ::unsetenv("PWD");
    }

 private:
    fs::path before_ = fs::current_path();
    bool had_ = std::getenv("PWD") != nullptr;
    std::string pwd_ = had_ ? std::getenv("PWD") : "";
};

}  // namespace

TEST_CASE("the working folder keeps the symbolic links that led there") {
    const scratch_folder folder;
    fs::create_directory(folder.path("release-1"));
    fs::create_directory_symlink("release-1", folder.path("current"));
    const shell in(folder.path("current"), folder.path("current"));
    CHECK(working_folder() == folder.path("current"));
    CHECK(in_working_folder("app.so") == folder.path("current/app.so"));
    CHECK(in_working_folder("/app.so") == "/app.so");
}

TEST_CASE("a PWD that leads elsewhere, or nowhere, or is relative does not count") {
    const scratch_folder folder;
    fs::create_directory(folder.path("here"));
    for (const std::string& named : {folder.path("elsewhere"), std::string("/"), std::string("."), std::string()}) {
        CAPTURE(named);
        const shell in(folder.path("here"), named);
        CHECK(working_folder() == fs::canonical(folder.path("here")));
    }
}

TEST_CASE("a working folder that is gone is named") {
    const scratch_folder folder;
    fs::create_directory(folder.path("here"));
    const shell in(folder.path("here"), folder.path("here"));
    fs::remove(folder.path("here"));
    const std::string complaint =
        "the current folder '" + folder.path("here") + "' cannot be used: No such file or directory";
    CHECK_THROWS_WITH_AS(working_folder(), complaint.c_str(), std::runtime_error);
}
