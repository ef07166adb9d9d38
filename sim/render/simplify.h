// Coarser meshes where fine ones cannot be told from them.
#pragma once

#include "sim/scene/visual_model.h"

namespace deerbench::render {

// The mesh with all vertices in each cube of side `cell_m` moved to their mean and merged, without the triangles
// that this collapses. Positions and triangles alone: normals and texture coordinates are not kept up, so it is
// good for casting shadows. Positions and `cell_m` in the mesh's own frame.
TriangleMesh ClusterVertices(const TriangleMesh& mesh, double cell_m);

}  // namespace deerbench::render
