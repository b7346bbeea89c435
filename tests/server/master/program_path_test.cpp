#include "server/master/program_path.hpp"

#include "tests/support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

namespace fs = std::filesystem;
using girin::master::program_path;

namespace {

const std::string self = fs::read_symlink("/proc/self/exe");

}  // namespace

TEST_CASE("a symbolic link stays in the path, so that it may lead elsewhere after a deployment") {
    const scratch_folder folder;
    fs::create_symlink(self, folder.path("girin"));
    CHECK(program_path(folder.path("girin")) == folder.path("girin"));
}

TEST_CASE("a relative path is made absolute") {
    const fs::path before = fs::current_path();
    fs::current_path(fs::path(self).parent_path());
    CHECK(program_path("./" + fs::path(self).filename().string()).starts_with("/"));
    fs::current_path(before);
}

TEST_CASE("a relative path keeps the symbolic links that led to the working folder") {
    const scratch_folder folder;
    fs::create_directory(folder.path("release-1"));
    fs::create_directory_symlink("release-1", folder.path("current"));
    fs::create_symlink(self, folder.path("current/girin"));
    const fs::path before = fs::current_path();
    const char* const pwd = std::getenv("PWD");
    const std::string pwd_before = pwd != nullptr ? pwd : before.string();
    fs::current_path(folder.path("current"));
    ::setenv("PWD", folder.path("current").c_str(), 1);
    CHECK(program_path("./girin") == folder.path("current/./girin"));
    ::setenv("PWD", pwd_before.c_str(), 1);
    fs::current_path(before);
}

TEST_CASE("a bare name is looked up in PATH, where only this very program counts") {
    const scratch_folder folder;
    fs::create_directory(folder.path("a"));
    fs::create_directory(folder.path("b"));
    fs::create_symlink("/bin/true", folder.path("a/girin"));
    fs::create_symlink(self, folder.path("b/girin"));
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", (folder.path("a") + ":" + folder.path("b")).c_str(), 1);
    CHECK(program_path("girin") == folder.path("b/girin"));
    CHECK(program_path("no-such-name") == self);
    ::setenv("PATH", before.c_str(), 1);
}

TEST_CASE("a name that leads elsewhere gives way to the running file") {
    CHECK(program_path("/bin/true") == self);
    CHECK(program_path("./no/such/file") == self);
}
