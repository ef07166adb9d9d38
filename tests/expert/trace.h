// A line of text on what the expert sees and does.
#pragma once

#include <array>
#include <string>

#include "sim/physics/world.h"

namespace deerbench::test {

std::string TraceLine(const World& world, const std::array<Vec3, 3>& half_extents, const RelativeAction& a,
                      int step);

}  // namespace deerbench::test
