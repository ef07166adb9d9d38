#include "sim/render/render_scene.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "sim/render/renderer.h"
#include "sim/render/simd.h"
#include "sim/render/simplify.h"
#include "sim/render/validate_model.h"

namespace deerbench {
namespace render {
namespace {

size_t RoundUpToVector(size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

struct PositionHash {
  size_t operator()(const std::array<float, 3>& p) const {
    uint64_t h = 0;
    for (const float c : p) h = (h ^ std::bit_cast<uint32_t>(c)) * 0x9e3779b97f4a7c15ull;
    return static_cast<size_t>(h ^ (h >> 29));
  }
};

PackedMesh PackMesh(const TriangleMesh& mesh, const Vec3& scale) {
  PackedMesh packed;
  packed.num_triangles = static_cast<int>(mesh.indices.size() / 3);
  packed.vertices.reserve(mesh.positions.size());
  // Vertices that share a position share it in the rasteriser too, so that edges between them have no gaps.
  std::unordered_map<std::array<float, 3>, uint32_t, PositionHash> seen;
  std::vector<uint32_t> position_of_vertex;
  position_of_vertex.reserve(mesh.positions.size());
  for (size_t i = 0; i < mesh.positions.size(); ++i) {
    const Float3 &p = mesh.positions[i], &n = mesh.normals[i];
    const Float2 uv = mesh.uvs.empty() ? Float2{} : mesh.uvs[i];
    // Adding zero turns -0 into 0: the two are one position.
    const std::array<float, 3> scaled = {static_cast<float>(p.x * scale.x) + 0.0f,
                                         static_cast<float>(p.y * scale.y) + 0.0f,
                                         static_cast<float>(p.z * scale.z) + 0.0f};
    Vec3 normal{n.x / scale.x, n.y / scale.y, n.z / scale.z};
    const double length = Norm(normal);
    normal = length > 0 ? (1 / length) * normal : Vec3{0, 0, 1};
    packed.vertices.push_back({scaled[0], scaled[1], scaled[2], static_cast<float>(normal.x),
                               static_cast<float>(normal.y), static_cast<float>(normal.z), uv.u, uv.v});
    const auto [entry, is_new] = seen.try_emplace(scaled, static_cast<uint32_t>(packed.x.size()));
    if (is_new) {
      packed.x.push_back(scaled[0]);
      packed.y.push_back(scaled[1]);
      packed.z.push_back(scaled[2]);
      for (int k = 0; k < 3; ++k) {
        packed.lower[k] = packed.x.size() == 1 ? scaled[k] : std::min(packed.lower[k], scaled[k]);
        packed.upper[k] = packed.x.size() == 1 ? scaled[k] : std::max(packed.upper[k], scaled[k]);
      }
    }
    position_of_vertex.push_back(entry->second);
  }
  packed.num_positions = static_cast<int>(packed.x.size());
  for (std::vector<float>* axis : {&packed.x, &packed.y, &packed.z})
    axis->resize(RoundUpToVector(axis->size()), axis->empty() ? 0.0f : axis->back());

  packed.vertex_of_corner = mesh.indices;
  // A mirrored mesh would be inside out.
  if (scale.x * scale.y * scale.z < 0) {
    for (size_t t = 0; t < mesh.indices.size(); t += 3)
      std::swap(packed.vertex_of_corner[t + 1], packed.vertex_of_corner[t + 2]);
  }
  for (const uint32_t vertex : packed.vertex_of_corner)
    packed.position_of_corner.push_back(position_of_vertex[vertex]);
  for (size_t t = 0; t < mesh.indices.size(); t += 3) {
    Vec3 p[3];
    for (size_t k = 0; k < 3; ++k) {
      const Vertex& vertex = packed.vertices[packed.vertex_of_corner[t + k]];
      p[k] = {vertex.x, vertex.y, vertex.z};
    }
    const Vec3 n = Cross(p[1] - p[0], p[2] - p[0]);
    const double scale_to_byte = 127 / std::max(Norm(n), 1e-300);
    packed.face_normals.push_back({static_cast<int8_t>(scale_to_byte * n.x),
                                   static_cast<int8_t>(scale_to_byte * n.y),
                                   static_cast<int8_t>(scale_to_byte * n.z), 0});
  }
  const size_t corners = 3 * RoundUpToVector(static_cast<size_t>(packed.num_triangles));
  packed.vertex_of_corner.resize(corners, 0);
  packed.position_of_corner.resize(corners, 0);
  return packed;
}

// PyBullet's shadow map has texels of 5 mm, and CALVIN's robot 110,000 triangles of the same size: what casts
// the shadows of meshes with more triangles than these has one vertex in each cube of this side.
constexpr size_t kFineMesh = 4000;
constexpr double kCasterCell_m = 0.008;

// A rough surface has a wide highlight: exponents from 4 to 128.
int Shininess(float roughness) {
  const float smooth = 1 - roughness;
  return 4 + static_cast<int>(124 * smooth * smooth);
}

}  // namespace
}  // namespace render

std::shared_ptr<const RenderScene> MakeRenderScene(std::shared_ptr<const VisualModel> model) {
  render::ValidateModel(*model);
  auto scene = std::make_shared<RenderScene>();
  scene->look = model->look;
  for (const Texture& texture : model->textures) scene->textures.emplace_back(texture);

  std::map<std::tuple<int, double, double, double>, int> packed_meshes;
  std::vector<std::pair<int, render::PackedMesh>> coarse_casters;
  for (const VisualInstance& instance : model->instances) {
    const Material& material = model->materials[static_cast<size_t>(instance.material)];
    scene->num_frames = std::max(scene->num_frames, instance.frame + 1);
    const TriangleMesh& mesh = model->meshes[static_cast<size_t>(instance.mesh)];
    // Nothing to see. Other transparency is drawn opaque.
    if (material.rgba[3] == 0 || mesh.indices.empty()) continue;

    const Vec3& s = instance.scale;
    const auto [entry, is_new] =
        packed_meshes.try_emplace({instance.mesh, s.x, s.y, s.z}, static_cast<int>(scene->meshes.size()));
    if (is_new) {
      scene->meshes.push_back(render::PackMesh(mesh, s));
      scene->caster_of_mesh.push_back(entry->second);
      if (model->look == Look::kPyBullet && mesh.indices.size() > 3 * render::kFineMesh) {
        const double scale = std::max({std::abs(s.x), std::abs(s.y), std::abs(s.z)});
        const TriangleMesh coarse = render::ClusterVertices(mesh, render::kCasterCell_m / scale);
        if (!coarse.indices.empty()) coarse_casters.emplace_back(entry->second, render::PackMesh(coarse, s));
      }
    }

    render::PackedInstance packed;
    packed.body = instance.body;
    packed.frame = instance.frame;
    packed.mesh = entry->second;
    packed.texture = material.texture;
    packed.is_static = instance.is_static && instance.light == LightSource::kNone;
    packed.rgb = {material.rgba[0], material.rgba[1], material.rgba[2]};
    packed.specular = material.specular;
    packed.shininess = render::Shininess(material.roughness);
    packed.light = instance.light;
    packed.lit_rgb = {instance.lit_rgba[0], instance.lit_rgba[1], instance.lit_rgba[2]};
    packed.X_LV = instance.X_LV;
    scene->instances.push_back(packed);
  }
  for (auto& [mesh, coarse] : coarse_casters) {
    scene->caster_of_mesh[static_cast<size_t>(mesh)] = static_cast<int>(scene->meshes.size());
    scene->meshes.push_back(std::move(coarse));
  }
  const auto moving = std::ranges::stable_partition(scene->instances, &render::PackedInstance::is_static);
  scene->num_static = static_cast<int>(moving.begin() - scene->instances.begin());
  return scene;
}

}  // namespace deerbench
