// Routes that misbehave, for those who want to see what the master does about it.
#pragma once

#include <girin/app.hpp>

namespace demo {

// DEMO_CHAOS=1 is in the environment.
bool wants_chaos();

// GET /crash aborts the worker, GET /hang blocks its loop forever, GET /throw raises an exception nobody handles.
void add_chaos(girin::app& app);

}  // namespace demo
