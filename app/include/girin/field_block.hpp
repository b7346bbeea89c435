// The header fields that a response adds to its own, copied, in one string.
#pragma once

#include <girin/export.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace girin::detail {

// Names are kept in lower case and in the order they were added.
class GIRIN_EXPORT field_block {
 public:
    // std::invalid_argument for a name that is no token or a value with a control character (RFC 9110 section 5).
    void add(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    std::optional<std::string_view> find(std::string_view name) const {
        return bytes_.empty() ? std::nullopt : search(name);
    }

    // Calls f(name, value) for each field.
    template <class F>
    void each(F f) const {
        std::string_view rest = bytes_;
        while (!rest.empty()) {
            const std::size_t colon = rest.find(':');
            const std::size_t end = rest.find('\n', colon);
            f(rest.substr(0, colon), rest.substr(colon + 1, end - colon - 1));
            rest.remove_prefix(end + 1);
        }
    }

 private:
    std::optional<std::string_view> search(std::string_view name) const;

    std::string bytes_;  // "name:value\n" for each: no name can hold a colon, and no value a line break
};

}  // namespace girin::detail
