#include "base/error.h"

namespace deerbench {

void Fail(std::string_view message) { throw Error(std::string(message)); }

}  // namespace deerbench
