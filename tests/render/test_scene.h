// Small scenes made by hand, and pictures of them.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "sim/render/renderer.h"

namespace deerbench::test {

struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;
  std::vector<float> depth_m;
  std::vector<int32_t> segmentation;

  int Body(int x, int y) const { return segmentation[static_cast<size_t>(y * width + x)]; }
  float Depth(int x, int y) const { return depth_m[static_cast<size_t>(y * width + x)]; }
  const uint8_t* Color(int x, int y) const { return &rgb[static_cast<size_t>(y * width + x) * 3]; }
  int Brightness(int x, int y) const { return Color(x, y)[0] + Color(x, y)[1] + Color(x, y)[2]; }
  friend bool operator==(const Picture&, const Picture&) = default;
};

inline Picture Draw(Renderer& renderer, const SceneState& state, const Camera& camera) {
  Picture picture;
  picture.width = camera.width;
  picture.height = camera.height;
  const size_t pixels = static_cast<size_t>(camera.width) * camera.height;
  picture.rgb.resize(pixels * 3, 123);
  picture.depth_m.resize(pixels, -1);
  picture.segmentation.resize(pixels, -99);
  renderer.Render(state, camera, {picture.rgb.data(), picture.depth_m.data(), picture.segmentation.data()});
  return picture;
}

// Every mesh is an instance, a body and a frame of its own, unless moved later.
struct SceneBuilder {
  VisualModel model;
  SceneState state;

  int AddMaterial(float r, float g, float b, int texture = -1) {
    Material material;
    material.rgba = {r, g, b, 1};
    material.texture = texture;
    model.materials.push_back(material);
    return static_cast<int>(model.materials.size()) - 1;
  }

  int AddInstance(TriangleMesh mesh, const Pose& X_WL, bool is_static, int material) {
    VisualInstance instance;
    instance.body = instance.frame = static_cast<int>(model.instances.size());
    instance.mesh = static_cast<int>(model.meshes.size());
    instance.material = material;
    instance.is_static = is_static;
    model.meshes.push_back(std::move(mesh));
    model.instances.push_back(instance);
    state.X_WL.push_back(X_WL);
    return instance.body;
  }

  std::shared_ptr<const RenderScene> Make() const {
    return MakeRenderScene(std::make_shared<const VisualModel>(model));
  }
};

// Corners counter-clockwise seen from the side on which it can be seen.
inline void AppendQuad(TriangleMesh& mesh, const Vec3 (&corners)[4]) {
  const Vec3 n = Normalized(Cross(corners[1] - corners[0], corners[2] - corners[0]));
  const auto first = static_cast<uint32_t>(mesh.positions.size());
  const Float2 uv[4] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  for (int i = 0; i < 4; ++i) {
    const Vec3& p = corners[i];
    mesh.positions.push_back({static_cast<float>(p.x), static_cast<float>(p.y), static_cast<float>(p.z)});
    mesh.normals.push_back({static_cast<float>(n.x), static_cast<float>(n.y), static_cast<float>(n.z)});
    mesh.uvs.push_back(uv[i]);
  }
  for (const uint32_t i : {0u, 1u, 2u, 0u, 2u, 3u}) mesh.indices.push_back(first + i);
}

inline TriangleMesh Quad(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d) {
  TriangleMesh mesh;
  mesh.name = "quad";
  AppendQuad(mesh, {a, b, c, d});
  return mesh;
}

// Faces up at z = 0.
inline TriangleMesh Floor(double half) {
  return Quad({-half, -half, 0}, {half, -half, 0}, {half, half, 0}, {-half, half, 0});
}

inline TriangleMesh Box(const Vec3& h) {
  TriangleMesh mesh;
  mesh.name = "box";
  AppendQuad(mesh, {{-h.x, -h.y, h.z}, {h.x, -h.y, h.z}, {h.x, h.y, h.z}, {-h.x, h.y, h.z}});
  AppendQuad(mesh, {{-h.x, -h.y, -h.z}, {-h.x, h.y, -h.z}, {h.x, h.y, -h.z}, {h.x, -h.y, -h.z}});
  AppendQuad(mesh, {{h.x, -h.y, -h.z}, {h.x, h.y, -h.z}, {h.x, h.y, h.z}, {h.x, -h.y, h.z}});
  AppendQuad(mesh, {{-h.x, h.y, -h.z}, {-h.x, -h.y, -h.z}, {-h.x, -h.y, h.z}, {-h.x, h.y, h.z}});
  AppendQuad(mesh, {{h.x, h.y, -h.z}, {-h.x, h.y, -h.z}, {-h.x, h.y, h.z}, {h.x, h.y, h.z}});
  AppendQuad(mesh, {{-h.x, -h.y, -h.z}, {h.x, -h.y, -h.z}, {h.x, -h.y, h.z}, {-h.x, -h.y, h.z}});
  return mesh;
}

inline Camera MakeCamera(int width, int height, double fov_y_deg, const Vec3& eye, const Vec3& target,
                         const Vec3& up = {0, 0, 1}) {
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.fov_y_deg = fov_y_deg;
  camera.X_WC = LookAt(eye, target, up);
  return camera;
}

// A camera at the origin that looks along z of the world, with y down: its frame is the world's.
inline Camera MakeFrontalCamera(int width, int height) {
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.fov_y_deg = 90;
  return camera;
}

}  // namespace deerbench::test
