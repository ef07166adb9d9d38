#include "sim/render/validate_model.h"

#include <cmath>
#include <string>

#include "base/error.h"
#include "fmt/format.h"
#include "sim/render/render_scene.h"

namespace deerbench::render {
namespace {

bool IsFinite(const Float3& v) { return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z); }
bool IsFinite(const Vec3& v) { return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z); }

void CheckIndex(const std::string& what, int index, int lowest, size_t size) {
  if (index < lowest || index >= static_cast<int>(size))
    Fail(fmt::format("{}: {}, expected {}..{}", what, index, lowest, static_cast<int>(size) - 1));
}

void CheckUnit(const std::string& what, float value) {
  if (!(value >= 0 && value <= 1)) Fail(fmt::format("{}: {}, expected 0..1", what, value));
}

void CheckTexture(const Texture& texture, size_t index) {
  constexpr int kMaxSide = 16384;
  if (texture.width < 1 || texture.height < 1 || texture.width > kMaxSide || texture.height > kMaxSide)
    Fail(fmt::format("texture {}: {} x {} pixels, expected 1..{} each way", index, texture.width,
                     texture.height, kMaxSide));
  const size_t bytes = static_cast<size_t>(texture.width) * texture.height * 4;
  if (texture.rgba.size() != bytes)
    Fail(fmt::format("texture {}: {} bytes, expected {}", index, texture.rgba.size(), bytes));
}

void CheckMesh(const TriangleMesh& mesh, size_t index) {
  const std::string name = fmt::format("mesh {} ({})", index, mesh.name);
  const size_t vertices = mesh.positions.size();
  if (mesh.normals.size() != vertices)
    Fail(fmt::format("{}: {} normals, expected {}, one a vertex", name, mesh.normals.size(), vertices));
  if (!mesh.uvs.empty() && mesh.uvs.size() != vertices)
    Fail(fmt::format("{}: {} texture coordinates, expected none or {}", name, mesh.uvs.size(), vertices));
  if (mesh.indices.size() % 3 != 0 || mesh.indices.size() / 3 > kMaxTriangles)
    Fail(fmt::format("{}: {} indices, expected three a triangle and at most {} triangles", name,
                     mesh.indices.size(), kMaxTriangles));
  for (size_t i = 0; i < mesh.indices.size(); ++i) {
    if (mesh.indices[i] >= vertices)
      Fail(fmt::format("{}: index {} is {}, expected below {}", name, i, mesh.indices[i], vertices));
  }
  for (size_t i = 0; i < vertices; ++i) {
    if (!IsFinite(mesh.positions[i])) Fail(fmt::format("{}: position {} is not finite", name, i));
    if (!IsFinite(mesh.normals[i])) Fail(fmt::format("{}: normal {} is not finite", name, i));
    if (!mesh.uvs.empty() && !(std::isfinite(mesh.uvs[i].u) && std::isfinite(mesh.uvs[i].v)))
      Fail(fmt::format("{}: texture coordinate {} is not finite", name, i));
  }
}

void CheckInstance(const VisualModel& model, const VisualInstance& instance, size_t index) {
  const std::string name = fmt::format("visual instance {}", index);
  CheckIndex(name + " mesh", instance.mesh, 0, model.meshes.size());
  CheckIndex(name + " material", instance.material, 0, model.materials.size());
  if (instance.frame < 0) Fail(fmt::format("{} frame: {}, expected 0 or more", name, instance.frame));
  if (instance.body < 0) Fail(fmt::format("{} body: {}, expected 0 or more", name, instance.body));
  const Quat& q = instance.X_LV.q;
  const double length = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w;
  if (!IsFinite(instance.X_LV.p) || !(std::abs(length - 1) < 1e-3))
    Fail(fmt::format("{} X_LV: expected a finite position and a unit quaternion", name));
  const Vec3& s = instance.scale;
  if (!IsFinite(s) || s.x == 0 || s.y == 0 || s.z == 0)
    Fail(fmt::format("{} scale: {}, {}, {}, expected finite and not zero", name, s.x, s.y, s.z));
  for (const float c : instance.lit_rgba) CheckUnit(name + " lit_rgba", c);
}

}  // namespace

void ValidateModel(const VisualModel& model) {
  for (size_t i = 0; i < model.textures.size(); ++i) CheckTexture(model.textures[i], i);
  for (size_t i = 0; i < model.materials.size(); ++i) {
    const Material& material = model.materials[i];
    const std::string name = fmt::format("material {}", i);
    CheckIndex(name + " texture", material.texture, -1, model.textures.size());
    for (const float c : material.rgba) CheckUnit(name + " rgba", c);
    CheckUnit(name + " specular", material.specular);
    CheckUnit(name + " roughness", material.roughness);
  }
  for (size_t i = 0; i < model.meshes.size(); ++i) CheckMesh(model.meshes[i], i);
  if (model.instances.size() > kMaxInstances)
    Fail(fmt::format("visual model: {} instances, expected at most {}", model.instances.size(),
                     kMaxInstances));
  for (size_t i = 0; i < model.instances.size(); ++i) CheckInstance(model, model.instances[i], i);
}

}  // namespace deerbench::render
