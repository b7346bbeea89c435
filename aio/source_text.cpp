#include "aio/source_text.hpp"

#include <cstddef>

namespace girin::detail {

namespace {

constexpr std::size_t none = std::string_view::npos;

// Where the bracket opens that closes at `end`.
std::size_t opening(std::string_view text, std::size_t end) noexcept {
    int depth = 0;
    for (std::size_t i = end + 1; i-- > 0;) {
        if (text[i] == ')') ++depth;
        if (text[i] == '(' && --depth == 0) return i;
    }
    return none;
}

// The last space that stands in no brackets, behind which the name begins.
std::size_t before_name(std::string_view text) noexcept {
    int depth = 0;
    for (std::size_t i = text.size(); i-- > 0;) {
        const char c = text[i];
        if (c == ')' || c == '>') ++depth;
        if (c == '(' || c == '<') --depth;
        if (c == ' ' && depth == 0) return i;
    }
    return none;
}

}  // namespace

// Of "coro<int> shop::price(basket&) [T = int]" or "auto main()::(anonymous class)::operator()(int) const".
std::string_view function_name(const std::source_location& where) noexcept {
    std::string_view text = where.function_name();
    text = text.substr(0, text.find(" ["));
    const std::size_t closing = text.rfind(')');
    const std::size_t arguments = closing == none ? none : opening(text, closing);
    if (arguments == none) return text;
    text = text.substr(0, arguments);
    const std::size_t space = before_name(text);
    return space == none ? text : text.substr(space + 1);
}

std::string place_text(const std::source_location& where) {
    return "in " + std::string(function_name(where)) + " (" + where.file_name() + ":" + std::to_string(where.line()) +
           ")";
}

std::string frame_text(const std::source_location& where) {
    const std::string_view function = where.function_name();
    const std::string_view name = function_name(where);
    const std::string_view type = function.substr(0, static_cast<std::size_t>(name.data() - function.data()));
    const bool generator = type.substr(0, type.find('<')).ends_with("async_generator");
    return std::string("File '") + where.file_name() + "', line " + std::to_string(where.line()) +
           (generator ? ", in async generator " : ", in async ") + std::string(name) + "()";
}

}  // namespace girin::detail
