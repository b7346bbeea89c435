#include "server/loader/shared_object.hpp"

#include "aio/unique_fd.hpp"
#include "server/log/escape.hpp"

#include <girin/stamp.hpp>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

namespace girin::loader {

namespace {

#if defined(__x86_64__)
constexpr Elf64_Half this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half this_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half this_machine = EM_RISCV;
#else
#error "girin has not been taught this machine's ELF number"
#endif

constexpr unsigned char this_byte_order = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

[[noreturn]] void fail(const std::string& path, const std::string& why) {
    throw load_error("'" + path + "' " + why);
}

bool same_file_state(const struct stat& a, const struct stat& b) {
    return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// A copy of the object at that offset, or nothing when it does not lie in the file.
template <class T>
std::optional<T> object_at(std::string_view bytes, std::uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
    T object;
    std::memcpy(&object, bytes.data() + offset, sizeof object);
    return object;
}

std::uint64_t aligned(std::uint64_t size) {
    return (size + 3) & ~std::uint64_t{3};
}

// The text of girin's note among the notes of one segment.
std::optional<std::string_view> stamp_in(std::string_view notes) {
    while (auto head = object_at<Elf64_Nhdr>(notes, 0)) {
        std::uint64_t text = sizeof(Elf64_Nhdr) + aligned(head->n_namesz);
        std::uint64_t end = text + aligned(head->n_descsz);
        if (end > notes.size()) return std::nullopt;
        std::string_view owner = notes.substr(sizeof(Elf64_Nhdr), head->n_namesz);
        if (owner == std::string_view("girin\0", 6)) {
            std::string_view stamp = notes.substr(text, head->n_descsz);
            return stamp.substr(0, stamp.find('\0'));
        }
        notes.remove_prefix(end);
    }
    return std::nullopt;
}

}  // namespace

void check_application(std::string_view bytes, const std::string& path) {
    auto head = object_at<Elf64_Ehdr>(bytes, 0);
    if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0)
        fail(path, "is not a shared object: it does not begin like an ELF file");
    if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != this_byte_order ||
        head->e_machine != this_machine)
        fail(path, "is built for another machine");
    if (head->e_type != ET_DYN) fail(path, "is not a shared object: build it with -shared, or with girin_add_app");
    if (head->e_shoff > bytes.size() || bytes.size() - head->e_shoff < std::uint64_t{head->e_shnum} * head->e_shentsize)
        fail(path, "is incomplete: it ends before its section headers");

    std::optional<std::string_view> stamp;
    for (unsigned i = 0; i < head->e_phnum && !stamp; ++i) {
        auto segment = object_at<Elf64_Phdr>(bytes, head->e_phoff + std::uint64_t{i} * head->e_phentsize);
        if (!segment) fail(path, "is incomplete: it ends before its program headers");
        if (segment->p_offset > bytes.size() || segment->p_filesz > bytes.size() - segment->p_offset)
            fail(path, "is incomplete: a segment lies behind its end");
        if (segment->p_type == PT_NOTE) stamp = stamp_in(bytes.substr(segment->p_offset, segment->p_filesz));
    }
    if (!stamp) fail(path, "is not a girin application: it has no GIRIN_APP(...)");
    if (*stamp != GIRIN_STAMP)
        fail(path, "does not fit this server: it was built for '" + log::escaped(*stamp) +
                       "', and this is '" GIRIN_STAMP "'");
}

std::string read_application(const std::string& path) {
    unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) fail(path, std::string("cannot be opened: ") + std::strerror(errno));
    struct stat before = {};
    if (::fstat(file.get(), &before) != 0) fail(path, std::string("cannot be read: ") + std::strerror(errno));
    if (!S_ISREG(before.st_mode)) fail(path, "is not a file");
    std::string bytes(static_cast<std::size_t>(before.st_size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path, std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    struct stat after = {};
    if (have != bytes.size() || ::fstat(file.get(), &after) != 0 || !same_file_state(before, after))
        fail(path, "changed while it was read: replace it by renaming, not by writing into it");
    check_application(bytes, path);
    return bytes;
}

}  // namespace girin::loader
