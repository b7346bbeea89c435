#include "server/supervision/signal_names.hpp"

#include <string.h>

#include <algorithm>

namespace girin::supervision {

std::string signal_name(int signo) {
    const char* name = ::sigabbrev_np(signo);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signo);
}

std::string short_signal_name(int signo) {
    const char* name = ::sigabbrev_np(signo);
    std::string text = name != nullptr ? name : std::to_string(signo);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return text;
}

}  // namespace girin::supervision
