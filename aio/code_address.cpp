#include "aio/code_address.hpp"

#include "aio/unique_fd.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace girin::detail {

namespace {

constexpr std::size_t most_note_bytes = 1 << 20;
constexpr std::size_t most_headers = 1024;

// Nothing here allocates, because nothing may be thrown through dl_iterate_phdr.
std::string_view build_id_in(std::string_view notes, std::size_t alignment) {
    auto aligned = [&](std::size_t size) { return (size + alignment - 1) / alignment * alignment; };
    while (notes.size() >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        std::memcpy(&note, notes.data(), sizeof note);
        notes.remove_prefix(sizeof note);
        const std::size_t name = aligned(note.n_namesz);
        if (name > notes.size() || note.n_descsz > notes.size() - name) break;
        if (note.n_type == NT_GNU_BUILD_ID && notes.substr(0, note.n_namesz) == std::string_view("GNU", 4))
            return notes.substr(name, note.n_descsz);
        notes.remove_prefix(std::min(notes.size(), name + aligned(note.n_descsz)));
    }
    return {};
}

std::size_t alignment_of(const ElfW(Phdr) & notes) {
    return notes.p_align == 8 ? 8 : 4;
}

std::string_view build_id_of(const dl_phdr_info& module) {
    for (std::size_t i = 0; i < module.dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = module.dlpi_phdr[i];
        if (segment.p_type != PT_NOTE) continue;
        const auto* notes = reinterpret_cast<const char*>(module.dlpi_addr + segment.p_vaddr);
        if (auto found = build_id_in({notes, segment.p_memsz}, alignment_of(segment)); !found.empty()) return found;
    }
    return {};
}

bool has_code_at(const dl_phdr_info& module, std::uint64_t offset) {
    for (std::size_t i = 0; i < module.dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = module.dlpi_phdr[i];
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 && offset >= segment.p_vaddr &&
            offset - segment.p_vaddr < segment.p_memsz)
            return true;
    }
    return false;
}

// Calls visit(module) until it returns true.
template <class Visit>
void for_each_module(Visit visit) {
    ::dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* f) { return static_cast<int>((*static_cast<Visit*>(f))(*module)); },
        &visit);
}

// The strings of the dynamic section that have this tag.
std::vector<std::string_view> dynamic_strings(const link_map& module, ElfW(Sxword) tag) {
    const char* table = nullptr;
    for (const auto* entry = module.l_ld; entry->d_tag != DT_NULL; ++entry)
        if (entry->d_tag == DT_STRTAB) {
            const ElfW(Addr) address = entry->d_un.d_ptr;  // relocated in place, or not, as the machine has it
            table = reinterpret_cast<const char*>(address < module.l_addr ? address + module.l_addr : address);
        }
    std::vector<std::string_view> found;
    for (const auto* entry = module.l_ld; table && entry->d_tag != DT_NULL; ++entry)
        if (entry->d_tag == tag) found.emplace_back(table + entry->d_un.d_val);
    return found;
}

bool is_called(const link_map& module, std::string_view needed) {
    const std::string_view path = module.l_name;
    if (path == needed || path.substr(path.rfind('/') + 1) == needed) return true;
    const auto own = dynamic_strings(module, DT_SONAME);
    return !own.empty() && own.front() == needed;
}

std::string in_hex(std::string_view bytes) {
    std::string text;
    for (const unsigned char byte : bytes) {
        text += "0123456789abcdef"[byte / 16];
        text += "0123456789abcdef"[byte % 16];
    }
    return text;
}

std::string name_of(const std::string& module) {
    return module.empty() ? "the program" : module;
}

// Null when the module is not loaded.
const void* find_loaded(const code_address& where) {
    const void* found = nullptr;
    bool is_code = true;
    for_each_module([&](const dl_phdr_info& module) noexcept {
        if (build_id_of(module) != where.build_id) return false;
        is_code = has_code_at(module, where.offset);
        found = reinterpret_cast<const void*>(module.dlpi_addr + where.offset);
        return true;
    });
    if (!is_code) throw std::runtime_error("there is no code at this offset of " + name_of(where.module));
    return found;
}

}  // namespace

code_address locate_code(const void* address) {
    std::string_view module, build_id;
    std::uint64_t offset = 0;
    bool found = false;
    for_each_module([&](const dl_phdr_info& candidate) noexcept {
        offset = reinterpret_cast<std::uintptr_t>(address) - candidate.dlpi_addr;
        if (!has_code_at(candidate, offset)) return false;
        module = candidate.dlpi_name;
        build_id = build_id_of(candidate);
        return found = true;
    });
    if (!found) throw std::runtime_error("the function is not in any module of the program");
    if (build_id.empty()) throw std::runtime_error(name_of(std::string(module)) + " has no build-id");
    return {std::string(module), std::string(build_id), offset};
}

const void* find_code(const code_address& where) {
    if (where.build_id.empty()) throw std::runtime_error("no build-id");
    if (const void* found = find_loaded(where)) return found;
    const std::string now = where.module.empty() ? build_id_of_file("/proc/self/exe") : build_id_of_file(where.module);
    if (now == where.build_id && !where.module.empty()) {
        if (!::dlopen(where.module.c_str(), RTLD_NOW | RTLD_LOCAL)) throw std::runtime_error(::dlerror());
        if (const void* found = find_loaded(where)) return found;
    }
    if (now.empty()) throw std::runtime_error(name_of(where.module) + " cannot be read any more, or has no build-id");
    throw std::runtime_error(name_of(where.module) + " has been replaced: its build-id was " + in_hex(where.build_id) +
                             ", and is " + in_hex(now));
}

bool is_loaded_at_start(const void* address) {
    const link_map* const program = _r_debug.r_map;  // the first of them
    const link_map* wanted = nullptr;
    Dl_info ignored;
    if (::dladdr1(address, &ignored, const_cast<void**>(reinterpret_cast<const void**>(&wanted)), RTLD_DL_LINKMAP) == 0)
        return false;
    std::vector<const link_map*> needed{program};
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (needed[i] == wanted) return true;
        for (const std::string_view name : dynamic_strings(*needed[i], DT_NEEDED)) {
            const link_map* module = program;
            while (module && !is_called(*module, name)) module = module->l_next;
            if (module && std::find(needed.begin(), needed.end(), module) == needed.end()) needed.push_back(module);
        }
    }
    return false;
}

std::string build_id_of_file(const std::string& path) {
    const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto read = [&file](void* to, std::size_t size, std::uint64_t at) {
        return ::pread(file.get(), to, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
    };
    ElfW(Ehdr) header;
    if (!file || !read(&header, sizeof header, 0)) return {};
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)) ||
        header.e_phnum > most_headers)
        return {};
    std::vector<ElfW(Phdr)> segments(header.e_phnum);
    if (!read(segments.data(), segments.size() * sizeof(ElfW(Phdr)), header.e_phoff)) return {};
    for (const auto& segment : segments) {
        if (segment.p_type != PT_NOTE || segment.p_filesz > most_note_bytes) continue;
        std::string notes(segment.p_filesz, '\0');
        if (!read(notes.data(), notes.size(), segment.p_offset)) continue;
        if (auto found = build_id_in(notes, alignment_of(segment)); !found.empty()) return std::string(found);
    }
    return {};
}

}  // namespace girin::detail
