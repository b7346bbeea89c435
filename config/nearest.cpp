// Optimal string alignment distance between names.
#include "config/nearest.hpp"

#include "config/text.hpp"

#include <algorithm>

namespace girin::config {
namespace {

std::string plain(std::string_view word) {
    word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
    std::string result = lower(word);
    std::ranges::replace(result, '-', '_');
    return result;
}

std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            const std::size_t substitution = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, substitution});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<known_spelling>& known) {
    constexpr std::size_t longest = 64;  // bounds the work on a hostile name; no setting's name comes near it
    const std::string wanted = plain(word);
    if (wanted.size() > longest) return {};
    std::string_view best;
    std::size_t best_distance = wanted.size() / 3 + 1;
    for (const auto& [spelling, name] : known) {
        const std::size_t slips = distance(wanted, plain(spelling));
        if (slips >= best_distance) continue;
        best = name;
        best_distance = slips;
    }
    return best;
}

}  // namespace girin::config
