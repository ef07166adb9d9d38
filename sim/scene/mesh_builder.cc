#include "sim/scene/mesh_builder.h"

#include <bit>
#include <utility>

#include "base/geometry.h"

namespace deerbench {
namespace {

Vec3 ToDouble(const Float3& v) { return {v.x, v.y, v.z}; }

}  // namespace

void MeshBuilder::AddTriangle(const std::array<Corner, 3>& corners) {
  const Vec3 p0 = ToDouble(corners[0].position);
  const Vec3 face_normal = Cross(ToDouble(corners[1].position) - p0, ToDouble(corners[2].position) - p0);
  if (!(Norm(face_normal) > 0)) return;
  for (Corner corner : corners) {
    Vec3 normal = ToDouble(corner.normal);
    if (!(Norm(normal) > 1e-12)) normal = face_normal;
    normal = Normalized(normal);
    corner.normal = {static_cast<float>(normal.x), static_cast<float>(normal.y),
                     static_cast<float>(normal.z)};
    mesh_.indices.push_back(AddVertex(corner));
  }
}

uint32_t MeshBuilder::AddVertex(const Corner& c) {
  const std::array<float, 8> values = {c.position.x, c.position.y, c.position.z, c.normal.x,
                                       c.normal.y,   c.normal.z,   c.uv.u,       c.uv.v};
  const auto next = static_cast<uint32_t>(mesh_.positions.size());
  const auto [entry, is_new] = vertex_by_bits_.emplace(std::bit_cast<std::array<uint32_t, 8>>(values), next);
  if (is_new) {
    mesh_.positions.push_back(c.position);
    mesh_.normals.push_back(c.normal);
    mesh_.uvs.push_back(c.uv);
  }
  return entry->second;
}

TriangleMesh MeshBuilder::Finish(bool with_uvs) {
  if (!with_uvs) mesh_.uvs.clear();
  vertex_by_bits_.clear();
  return std::exchange(mesh_, {});
}

}  // namespace deerbench
