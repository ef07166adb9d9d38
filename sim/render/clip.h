// Triangles that reach behind the near plane or too far beside the picture.
#pragma once

#include <array>
#include <vector>

#include "sim/render/raster.h"

namespace deerbench::render {

// Cuts triangle `corners` (in the camera frame) to the view volume widened by the guard band and appends its
// pieces to `out`. Shared edges are cut at the same points whatever triangle they are cut for.
void ClipTriangle(const std::array<Vec3, 3>& corners, const View& view, uint32_t id, Faces faces,
                  std::vector<TriangleSetup>& out);

}  // namespace deerbench::render
