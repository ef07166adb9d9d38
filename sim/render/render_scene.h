// What MakeRenderScene prepares: geometry packed for eight-lane code, with the instances' scales applied, and
// textures with their mip levels. Immutable.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/render/mip_texture.h"
#include "sim/scene/visual_model.h"

namespace deerbench {
namespace render {

// One corner's attributes, read as one vector of eight floats.
struct Vertex {
  float x, y, z;     // m, in the instance's visual frame V
  float nx, ny, nz;  // unit
  float u, v;
};

// A mesh with an instance's scale applied. Positions are kept twice: once a distinct position for the
// transform and the rasteriser, once with the attributes for shading.
struct PackedMesh {
  int num_positions = 0, num_triangles = 0;
  std::vector<float> x, y, z;                       // (num_positions), padded to whole vectors
  std::vector<uint32_t> position_of_corner;         // (3 * num_triangles), padded to whole vectors with 0
  std::vector<Vertex> vertices;                     // as in the model
  std::vector<uint32_t> vertex_of_corner;           // (3 * num_triangles), same padding
  std::vector<std::array<int8_t, 4>> face_normals;  // (num_triangles) times 127, and 0
  std::array<float, 3> lower{}, upper{};            // bounding box
};

struct PackedInstance {
  int body = 0, frame = 0, mesh = 0;
  int texture = -1;
  bool is_static = false;  // drawn once a camera; never a light source
  std::array<float, 3> rgb{};
  float specular = 0;
  int shininess = 1;  // exponent of the highlight
  LightSource light = LightSource::kNone;
  std::array<float, 3> lit_rgb{};
  Pose X_LV;
};

// A triangle's name in the visibility buffer: instance and triangle of its mesh.
inline constexpr int kTriangleBits = 20;
inline constexpr uint32_t kMaxTriangles = 1u << kTriangleBits;
inline constexpr uint32_t kMaxInstances = (1u << (32 - kTriangleBits)) - 1;
inline constexpr uint32_t kBackground = 0xffffffffu;

}  // namespace render

class RenderScene {
 public:
  Look look = Look::kOwn;
  std::vector<render::PackedMesh> meshes;
  std::vector<int> caster_of_mesh;  // which of the meshes casts a mesh's shadow: itself or a coarser one
  std::vector<render::PackedInstance> instances;  // those that never move first
  int num_static = 0;
  std::vector<render::MipTexture> textures;
  int num_frames = 0;  // least length of SceneState::X_WL
};

}  // namespace deerbench
