#include "app/text.hpp"

#include <girin/field_block.hpp>
#include <girin/headers.hpp>

#include <algorithm>
#include <stdexcept>

namespace girin::detail {

void field_block::add(std::string_view name, std::string_view value) {
    if (!is_token(name))
        throw std::invalid_argument("a header's name must be a token, and not \"" + std::string(name) + "\"");
    if (!is_field_value(value))
        throw std::invalid_argument("the value of the header " + std::string(name) +
                                    " must have no control characters and no spaces at its ends");
    bytes_.reserve(bytes_.size() + name.size() + value.size() + 2);
    std::ranges::transform(name, std::back_inserter(bytes_), ascii_lower);
    bytes_.append(":").append(value).append("\n");
}

void field_block::remove(std::string_view name) {
    std::string kept;
    each([&](std::string_view n, std::string_view value) {
        if (!same_name(n, name)) kept.append(n).append(":").append(value).append("\n");
    });
    bytes_ = std::move(kept);
}

std::optional<std::string_view> field_block::search(std::string_view name) const {
    std::optional<std::string_view> found;
    each([&](std::string_view n, std::string_view value) {
        if (!found && same_name(n, name)) found = value;
    });
    return found;
}

}  // namespace girin::detail
