// Copies a file by lines; the loop goes on while a thread reads or writes.
#include <girin/file.hpp>
#include <girin/runner.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

girin::coro<int> copy(std::string from, std::string to) {
    auto in = co_await girin::file::open(from);
    auto out = co_await girin::file::open(to, "w");
    int number = 0;
    while (auto line = co_await in.next()) co_await out.write(std::to_string(++number) + ": " + *line);
    co_await out.close();
    co_return number;
}

girin::coro<> tutorial() {
    std::string folder = (std::filesystem::temp_directory_path() / "girin-file-XXXXXX").string();
    if (!::mkdtemp(folder.data())) co_return;

    auto poem = co_await girin::file::open(folder + "/poem", "x");
    co_await poem.write("roses are red\nviolets are blue\n");
    int lines = co_await copy(folder + "/poem", folder + "/numbered");
    std::cout << lines << " lines copied\n";

    auto numbered = co_await girin::file::open(folder + "/numbered");
    std::string all = co_await numbered.read();
    std::cout << all;
    std::filesystem::remove_all(folder);
}

int main() {
    girin::run(tutorial());
}

// Prints:
// 2 lines copied
// 1: roses are red
// 2: violets are blue
