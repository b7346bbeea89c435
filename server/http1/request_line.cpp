#include "server/http1/request_line.hpp"

#include "server/http1/authority.hpp"
#include "server/http1/characters.hpp"

namespace girin::http1 {
namespace {

failure read_version(std::string_view version, request_head& head) {
    constexpr const char* wrong = "HTTP version must be 1.0 or 1.1";
    if (version == "HTTP/1.1") {
        head.http_version = "1.1";
    } else if (version == "HTTP/1.0") {
        head.http_version = "1.0";
    } else if (version.size() == 8 && version.starts_with("HTTP/") && is(version[5], digit_char) && version[5] != '0' &&
               version[6] == '.' && is(version[7], digit_char)) {
        return {505, wrong};
    } else {
        return {400, wrong};
    }
    return {};
}

bool take_scheme(std::string_view& target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!same_name(target.substr(0, scheme.size()), scheme)) continue;
        target.remove_prefix(scheme.size());
        return true;
    }
    return false;
}

// RFC 9112 section 3.2.2; the authority may not be empty (RFC 9110 section 4.2.1).
failure read_absolute_form(std::string_view uri, request_head& head, std::string_view& authority) {
    if (!take_scheme(uri)) return {400, "Request target must be a path or an http URI"};
    authority = uri.substr(0, uri.find_first_of("/?"));
    if (!is_authority(authority)) return {400, "Invalid authority in the request target"};
    uri.remove_prefix(authority.size());
    const std::size_t path_end = find_not(uri, path_char);
    head.raw_path = path_end == 0 ? "/" : uri.substr(0, path_end);
    return {};
}

}  // namespace

failure read_request_line(std::string_view line, request_head& head, std::string_view& authority) {
    authority = {};
    const std::size_t method_end = find_not(line, token_char);
    if (method_end == 0 || method_end == line.size() || line[method_end] != ' ') return {400, "Invalid method"};
    head.method = line.substr(0, method_end);
    line.remove_prefix(method_end + 1);

    std::size_t path_end = find_not(line, plain_path_char);
    head.may_be_encoded = path_end != line.size() && line[path_end] == '%';
    if (head.may_be_encoded) path_end += find_not(line.substr(path_end), path_char);
    std::size_t target_end = path_end;
    head.query_string = {};
    if (path_end != line.size() && line[path_end] == '?') {
        target_end += 1 + find_not(line.substr(path_end + 1), target_char);
        head.query_string = line.substr(path_end + 1, target_end - path_end - 1);
    }
    if (target_end == 0 || target_end == line.size() || line[target_end] != ' ') return {400, "Invalid request target"};
    head.target = line.substr(0, target_end);
    if (failure refused = read_version(line.substr(target_end + 1), head)) return refused;

    if (head.method == "CONNECT") return {501, "CONNECT is not supported"};
    if (head.target.front() == '/') {
        head.raw_path = line.substr(0, path_end);
        return {};
    }
    if (head.target == "*") {
        head.raw_path = head.target;
        return head.method == "OPTIONS" ? failure() : failure{400, "Request target * is for OPTIONS"};
    }
    return read_absolute_form(head.target, head, authority);
}

}  // namespace girin::http1
