// Signals by name, for the log.
#pragma once

#include <string>

namespace girin::supervision {

// "SIGKILL", or "signal 42" for one without a name.
std::string signal_name(int signo);

// "kill" for SIGKILL, as Gunicorn writes it in `Handling signal: ttin`.
std::string short_signal_name(int signo);

}  // namespace girin::supervision
