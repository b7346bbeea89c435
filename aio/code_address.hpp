// Where a function is, in words that another process of the program understands.
#pragma once

#include <cstdint>
#include <string>

namespace girin::detail {

struct code_address {
    std::string module;        // its file; nothing for the program itself
    std::string build_id;      // of the module, as bytes
    std::uint64_t offset = 0;  // from where the module is loaded
};

// Throws std::runtime_error when the address is not in the code of any module, or in one without a build-id.
code_address locate_code(const void* address);

// The address in this process. A module that is not loaded is loaded first, if the file still has that build-id. Throws
// std::runtime_error when there is no such module, or the offset is not in its code.
const void* find_code(const code_address& where);

// Whether the module that has this address was loaded when the program was started, because the program needs it or one
// of its libraries does, and so will be when it is started again.
bool is_loaded_at_start(const void* address);

// The build-id of an ELF file; nothing when it has none, or is not one.
std::string build_id_of_file(const std::string& path);

}  // namespace girin::detail
