// What somebody who misspelt a name probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace girin::config {

// A spelling that people may have had in mind, and the name to suggest to them.
struct known_spelling {
    std::string_view spelling;
    std::string_view name;
};

// The name of the spelling fewest slips away from `word` (letters missing, extra, wrong or swapped), or "" when none is
// within one slip for every three letters. Case, leading dashes, and - against _ do not count.
std::string_view nearest(std::string_view word, const std::vector<known_spelling>& known);

}  // namespace girin::config
