// libFuzzer's way into the http1 core: build/fuzz/http1_fuzz tests/fuzz/corpus/http1
#include "tests/fuzz/http1_checks.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string rule = girin::testing::broken_rule({reinterpret_cast<const char*>(data), size});
    if (rule.empty()) return 0;
    std::fprintf(stderr, "broken rule: %s\n", rule.c_str());
    std::abort();
}
