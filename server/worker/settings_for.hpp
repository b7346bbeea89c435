// The settings as the worker's parts take them.
#pragma once

#include "config/settings.hpp"
#include "server/http1/limits.hpp"
#include "server/log/log.hpp"
#include "server/worker/lifespan_run.hpp"
#include "server/worker/service.hpp"

namespace girin::worker {

http1::limits limits_of(const config::settings& s);
connection_options connection_options_of(const config::settings& s);
lifespan_use lifespan_use_of(const config::settings& s);
log::level log_level_of(const config::settings& s);

}  // namespace girin::worker
