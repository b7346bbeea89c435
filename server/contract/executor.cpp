#include <girin/executor.hpp>

namespace girin {

job::~job() = default;
executor::~executor() = default;

}  // namespace girin
