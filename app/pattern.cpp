#include "app/pattern.hpp"

#include <girin/request.hpp>

#include <algorithm>
#include <stdexcept>

namespace girin::detail {

namespace {

[[noreturn]] void refuse(std::string_view pattern, std::string_view reason) {
    throw std::invalid_argument("bad route pattern \"" + std::string(pattern) + "\": " + std::string(reason));
}

bool is_identifier(std::string_view text) {
    auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    auto letter_or_digit = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    return !text.empty() && letter(text.front()) && std::ranges::all_of(text, letter_or_digit);
}

// The text between the braces.
void parse_param(std::string_view pattern, std::string_view text, pattern_piece& piece) {
    const std::size_t colon = text.find(':');
    piece.has_param = true;
    piece.name = text.substr(0, colon);
    if (!is_identifier(piece.name))
        refuse(pattern, "a parameter's name is letters, digits and _, and not \"" + piece.name + "\"");
    if (colon == text.npos) return;
    const std::string_view kind = text.substr(colon + 1);
    if (kind == "int")
        piece.kind = param_kind::integer;
    else if (kind == "path")
        piece.kind = param_kind::rest;
    else
        refuse(pattern, "a parameter is of type int or path, and not \"" + std::string(kind) + "\"");
}

}  // namespace

std::vector<pattern_piece> parse_pattern(std::string_view pattern) {
    if (!pattern.starts_with('/')) refuse(pattern, "it must start with /");
    std::vector<pattern_piece> pieces;
    std::string_view rest = pattern;
    std::size_t params = 0;
    while (!rest.empty()) {
        pattern_piece& piece = pieces.emplace_back();
        const std::size_t open = rest.find('{');
        piece.text = rest.substr(0, open);
        if (piece.text.find('}') != piece.text.npos) refuse(pattern, "there is a } without a {");
        if (open == rest.npos) break;
        const std::size_t close = rest.find('}', open);
        if (close == rest.npos) refuse(pattern, "there is a { without a }");
        parse_param(pattern, rest.substr(open + 1, close - open - 1), piece);
        rest.remove_prefix(close + 1);
        if (++params > max_path_params) refuse(pattern, "it has more than eight parameters");
        if (std::ranges::count(pieces, piece.name, &pattern_piece::name) > 1)
            refuse(pattern, "the name " + piece.name + " is used twice");
        if (piece.kind == param_kind::rest && !rest.empty()) refuse(pattern, "a path parameter must come last");
        if (!rest.empty() && rest.front() != '/') refuse(pattern, "a parameter must be followed by / or by the end");
    }
    return pieces;
}

}  // namespace girin::detail
