// The version of the whole program, as CMakeLists.txt states it.
#pragma once

#include <string_view>

namespace deerbench {

std::string_view Version();

}  // namespace deerbench
