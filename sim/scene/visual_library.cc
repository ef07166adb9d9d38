#include "sim/scene/visual_library.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "sim/scene/mesh_io.h"
#include "sim/scene/texture_io.h"

namespace deerbench {
namespace {

// One name a file, however it is spelt.
std::filesystem::path CacheKey(const std::filesystem::path& file) {
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(file, error);
  return error ? file : canonical;
}

}  // namespace

VisualLibrary::FileMesh VisualLibrary::MeshFromFile(const std::filesystem::path& file) {
  const auto key = CacheKey(file);
  if (const auto found = meshes_.find(key); found != meshes_.end()) return found->second;
  VisualMesh loaded = LoadVisualMesh(file);
  FileMesh out;
  if (!loaded.texture.empty()) {
    try {
      out.texture = TextureFromFile(loaded.texture);
    } catch (const Error& error) {
      Fail(fmt::format("{} (the map_Kd of mesh {})", error.what(), file.string()));
    }
  }
  out.mesh = AddMesh(std::move(loaded.mesh));
  meshes_.emplace(key, out);
  return out;
}

int VisualLibrary::TextureFromFile(const std::filesystem::path& file) {
  const auto key = CacheKey(file);
  if (const auto found = textures_.find(key); found != textures_.end()) return found->second;
  model_.textures.push_back(LoadTexture(file));
  const int index = static_cast<int>(model_.textures.size()) - 1;
  textures_.emplace(key, index);
  return index;
}

int VisualLibrary::AddMesh(TriangleMesh mesh) {
  model_.meshes.push_back(std::move(mesh));
  return static_cast<int>(model_.meshes.size()) - 1;
}

int VisualLibrary::MaterialFor(const std::array<float, 4>& rgba, int texture, float specular) {
  const auto [entry, is_new] =
      materials_.emplace(std::tuple{rgba, texture, specular}, static_cast<int>(model_.materials.size()));
  if (is_new) {
    Material material;
    material.rgba = rgba;
    material.texture = texture;
    material.specular = specular;
    model_.materials.push_back(material);
  }
  return entry->second;
}

}  // namespace deerbench
