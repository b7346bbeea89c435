// Shared objects that are applications, and files that are not, made from a real one by changing its bytes.
#include "server/loader/load.hpp"

#include "server/loader/shared_object.hpp"
#include "tests/support/scratch_folder.hpp"

#include <girin/application.hpp>
#include <girin/stamp.hpp>

#include <doctest/doctest.h>

#include <elf.h>
#include <sys/stat.h>

#include <cstring>
#include <string>
#include <string_view>

using namespace girin;
using namespace girin::loader;
using namespace std::literals;

namespace {

const std::string hello = GIRIN_TEST_APPLICATION;

// Why these bytes are refused; nothing when they are not.
std::string refusal(std::string_view bytes) {
    try {
        check_application(bytes, "./app.so");
    } catch (const load_error& e) {
        return e.what();
    }
    return "";
}

template <class Load>
std::string refusal_to_load(const std::string& path, Load load) {
    try {
        static_cast<void>(load(path));
    } catch (const load_error& e) {
        return e.what();
    }
    return "";
}

std::string refusal_of_file(const std::string& path) {
    return refusal_to_load(path, read_application);
}

std::string replaced(std::string bytes, std::string_view from, std::string_view to) {
    std::size_t at = bytes.find(from);
    REQUIRE(at != bytes.npos);
    for (; at != bytes.npos; at = bytes.find(from, at + 1)) bytes.replace(at, from.size(), to);
    return bytes;
}

template <class Change>
std::string with_head(std::string bytes, Change change) {
    Elf64_Ehdr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    change(head);
    std::memcpy(bytes.data(), &head, sizeof head);
    return bytes;
}

template <class Change>
std::string with_segments(std::string bytes, Change change) {
    Elf64_Ehdr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    for (std::size_t i = 0; i < head.e_phnum; ++i) {
        Elf64_Phdr segment;
        char* at = bytes.data() + head.e_phoff + i * head.e_phentsize;
        std::memcpy(&segment, at, sizeof segment);
        change(segment);
        std::memcpy(at, &segment, sizeof segment);
    }
    return bytes;
}

}  // namespace

TEST_CASE("an application's shared object is read whole") {
    const std::string bytes = read_application(hello);
    CHECK(bytes == read_file(hello));
    CHECK(refusal(bytes) == "");
}

TEST_CASE("a file that is missing, a folder and a device are refused") {
    scratch_folder folder;
    CHECK(refusal_of_file(folder.path("none.so")) ==
          "'" + folder.path("none.so") + "' cannot be opened: No such file or directory");
    ::mkdir(folder.path("folder").c_str(), 0700);
    CHECK(refusal_of_file(folder.path("folder")).ends_with("' is not a file"));
    CHECK(refusal_of_file("/dev/null") == "'/dev/null' is not a file");
}

TEST_CASE("what is not ELF is refused") {
    for (const char* text : {"", "#!/bin/sh\n",
                             "\x7f"
                             "EL",
                             "MZ executable of another system, long enough for a header.........."})
        CHECK(refusal(text) == "'./app.so' is not a shared object: it does not begin like an ELF file");
}

TEST_CASE("another machine's object, and one of 32 bits, are refused") {
    const std::string bytes = read_file(hello);
    for (Elf64_Half machine : {EM_S390, EM_PPC64, EM_386})
        CHECK(refusal(with_head(bytes, [&](Elf64_Ehdr& h) { h.e_machine = machine; })) ==
              "'./app.so' is built for another machine");
    CHECK(refusal(with_head(bytes, [](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; })) ==
          "'./app.so' is built for another machine");
    CHECK(refusal(with_head(bytes, [](Elf64_Ehdr& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; })) ==
          "'./app.so' is built for another machine");
}

TEST_CASE("an object file and a fixed executable are refused") {
    const std::string bytes = read_file(hello);
    for (Elf64_Half type : {ET_REL, ET_EXEC, ET_CORE})
        CHECK(refusal(with_head(bytes, [&](Elf64_Ehdr& h) {
                  h.e_type = type;
              })).starts_with("'./app.so' is not a shared object: build"));
}

TEST_CASE("a file that was cut anywhere is refused") {
    const std::string bytes = read_file(hello);
    for (std::size_t size = 0; size < bytes.size(); size += 997)
        CHECK(refusal(std::string_view(bytes).substr(0, size)) != "");
    CHECK(refusal(std::string_view(bytes).substr(0, bytes.size() - 1)) ==
          "'./app.so' is incomplete: it ends before its section headers");
}

TEST_CASE("headers that point outside the file are refused, however far") {
    const std::string bytes = read_file(hello);
    for (std::uint64_t far :
         {std::uint64_t{bytes.size()}, std::uint64_t{1} << 40, ~std::uint64_t{0}, ~std::uint64_t{63}}) {
        CHECK(refusal(with_head(bytes, [&](Elf64_Ehdr& h) { h.e_phoff = far; })) != "");
        CHECK(refusal(with_head(bytes, [&](Elf64_Ehdr& h) { h.e_shoff = far; })) != "");
        CHECK(refusal(with_segments(bytes, [&](Elf64_Phdr& s) { s.p_offset = far; })) != "");
        CHECK(refusal(with_segments(bytes, [&](Elf64_Phdr& s) { s.p_filesz = far; })) != "");
    }
    CHECK(refusal(with_head(bytes, [](Elf64_Ehdr& h) { h.e_phnum = 0; })) != "");
}

TEST_CASE("notes whose sizes lie are refused or passed over, never followed") {
    const std::string bytes = read_file(hello);
    const std::size_t owner = bytes.find(std::string_view("girin\0\0\0girin ", 14));
    REQUIRE(owner != bytes.npos);
    for (std::size_t field = 0; field < 2; ++field) {
        for (std::uint32_t size : {0u, 1u, 0x7fffffffu, 0xffffffffu, 0xfffffffcu}) {
            std::string changed = bytes;
            std::memcpy(changed.data() + owner - 12 + 4 * field, &size, sizeof size);
            CHECK(refusal(changed) != "");
        }
    }
}

TEST_CASE("a shared object without a stamp is refused") {
    CHECK(refusal(replaced(read_file(hello), std::string_view("girin\0\0\0girin ", 14),
                           std::string_view("other\0\0\0girin ", 14))) ==
          "'./app.so' is not a girin application: it has no GIRIN_APP(...)");
}

TEST_CASE("another version, compiler, library or sanitizer is refused, and both stamps are named") {
    const std::string bytes = read_file(hello);
    const std::string stamp = GIRIN_STAMP;
    for (std::string_view part : {std::string_view(GIRIN_VERSION), std::string_view("clang"), std::string_view("cxx11"),
                                  std::string_view("sanitizer")}) {
        const std::size_t at = stamp.find(part);
        if (at == stamp.npos) continue;
        std::string foreign = stamp;
        foreign[at] = '\x01';
        const std::string why = refusal(replaced(bytes, stamp, foreign));
        CHECK(why.starts_with("'./app.so' does not fit this server: it was built for '"));
        CHECK(why.find("\\x01") != why.npos);
        CHECK(why.ends_with("', and this is '" GIRIN_STAMP "'"));
    }
}

TEST_CASE("an application is loaded and made") {
    const application app = load_application(hello);
    const application again = load_application(hello);
}

TEST_CASE("an object that looks for its libraries beside itself is loaded from where it is") {
    for (const std::string origin : {"$ORIGIN", "${ORIGIN}"}) {
        CAPTURE(origin);
        scratch_folder folder;
        const std::string path = folder.path("app.so");
        std::ofstream(path, std::ios::binary) << read_file(hello) << origin << "/lib";
        const application app = load_application(path);
        CHECK(read_file("/proc/self/maps").find(path) != std::string::npos);
    }
}

TEST_CASE("an application can be loaded without being made") {
    require_loadable(hello);
    CHECK(refusal_to_load("none.so", require_loadable) == "'none.so' cannot be opened: No such file or directory");
}

TEST_CASE("an object that does not export GIRIN_APP's symbol is refused") {
    scratch_folder folder;
    const std::string path = folder.path("app.so");
    std::ofstream(path, std::ios::binary)
        << replaced(read_file(hello), "\0girin_application"sv, "\0other_application"sv);
    const std::string why = "'" + path + "' is not a girin application: it does not export GIRIN_APP's symbol";
    CHECK(refusal_to_load(path, load_application) == why);
    CHECK(refusal_to_load(path, require_loadable) == why);
}

TEST_CASE("an object that the dynamic linker refuses is refused with its reason") {
    scratch_folder folder;
    const std::string path = folder.path("app.so");
    std::ofstream(path, std::ios::binary) << replaced(read_file(hello), "libgirin.so", "libnirig.so");
    const std::string why = "'" + path + "' cannot be loaded: libnirig.so";
    CHECK(refusal_to_load(path, load_application).starts_with(why));
    CHECK(refusal_to_load(path, require_loadable).starts_with(why));
}
