// What a renderer needs to know of a scene once: meshes, textures, materials and where they hang. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/geometry.h"

namespace deerbench {

struct Float3 {
  float x = 0, y = 0, z = 0;
};
struct Float2 {
  float u = 0, v = 0;
};

// 8-bit sRGB image with alpha, rows from the top.
struct Texture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgba;  // (height, width, 4)
};

struct Material {
  std::array<float, 4> rgba = {1, 1, 1, 1};  // multiplies the texture
  int texture = -1;                          // index into VisualModel::textures, -1 for none
  float specular = 0.05f;                    // strength of the highlight, 0..1
  float roughness = 0.6f;                    // width of the highlight, 0..1
};

// Triangles with one normal and one texture coordinate a vertex (vertices are split where these differ).
struct TriangleMesh {
  std::string name;               // file and object it came from, for messages
  std::vector<Float3> positions;  // (V) m, in the mesh's own frame
  std::vector<Float3> normals;    // (V) unit
  std::vector<Float2> uvs;        // (V) or empty; v = 0 is the bottom row of the texture, as in OBJ
  std::vector<uint32_t> indices;  // (T * 3) counter-clockwise seen from outside
};

enum class LightSource : uint8_t { kNone, kLightbulb, kLed };

// One mesh on one link.
struct VisualInstance {
  int body = 0;   // index of the body in load order: the segmentation value
  int link = -1;  // link of that body, -1 for its base
  int frame = 0;  // index into SceneState::X_WL
  int mesh = 0;
  int material = 0;
  Pose X_LV;                               // mesh in its link's frame
  Vec3 scale = {1, 1, 1};                  // applied to the mesh before X_LV
  bool is_static = false;                  // its link never moves: it can be drawn once
  LightSource light = LightSource::kNone;  // drawn in `lit_rgba` while that light is on
  std::array<float, 4> lit_rgba = {1, 1, 1, 1};
};

// In whose manner a scene is drawn unless the caller asks for something else.
enum class Look : uint8_t {
  kOwn,       // our own: soft shadows, smooth edges, occluded corners
  kPyBullet,  // PyBullet's OpenGL renderer's: that of CALVIN's datasets
};

struct VisualModel {
  Look look = Look::kOwn;
  std::vector<Texture> textures;
  std::vector<Material> materials;
  std::vector<TriangleMesh> meshes;
  std::vector<VisualInstance> instances;
};

}  // namespace deerbench
