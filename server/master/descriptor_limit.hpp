// How many descriptors the master and its workers may have open.
#pragma once

namespace girin::master {

// Raises the limit to what the system allows, for workers inherit it: the usual one of 1,024 is for programs that use
// select(2). Warns when a worker with so many connections would still run out of descriptors.
void raise_descriptor_limit(unsigned worker_connections);

}  // namespace girin::master
