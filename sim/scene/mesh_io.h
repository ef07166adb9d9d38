// Mesh files (.obj, .stl, any case) as visuals and as collision shapes. All functions throw Error naming the
// file and what is wrong with it.
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "base/geometry.h"
#include "sim/scene/visual_model.h"

namespace deerbench {

bool IsObj(const std::filesystem::path& file);

// What to draw. One mesh a file and one texture a mesh, as in PyBullet: of several objects in an OBJ the
// first with a texture lends it to all.
struct VisualMesh {
  TriangleMesh mesh;              // equal vertices merged, triangles without area dropped, normals completed
  std::filesystem::path texture;  // empty: none
};
VisualMesh LoadVisualMesh(const std::filesystem::path& file);

// Points of the convex pieces of a collision mesh in the order in which PyBullet hands them to Bullet,
// repeated corners included, for contacts depend on it to the last bit: a piece for each object of an OBJ,
// one for an STL.
std::vector<std::vector<Vec3>> LoadConvexPieces(const std::filesystem::path& file, const Vec3& scale);

// Triangles of a concave collision mesh in file order.
std::vector<std::array<Vec3, 3>> LoadTriangles(const std::filesystem::path& file, const Vec3& scale);

}  // namespace deerbench
