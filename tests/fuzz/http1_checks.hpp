// What must hold for the http1 core whatever bytes a client sends and an application answers with.
#pragma once

#include <string>
#include <string_view>

namespace girin::testing {

// An empty text, or which rule the input breaks. The input is read as a client's bytes, in one piece and in many, and
// then as the script of a response.
std::string broken_rule(std::string_view input);

}  // namespace girin::testing
