#include "base/version.h"

namespace deerbench {

std::string_view Version() { return DEERBENCH_VERSION; }

}  // namespace deerbench
