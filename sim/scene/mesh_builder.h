// Builds an indexed TriangleMesh from loose corners.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "sim/scene/visual_model.h"

namespace deerbench {

class MeshBuilder {
 public:
  explicit MeshBuilder(std::string name) { mesh_.name = std::move(name); }

  struct Corner {
    Float3 position;
    Float3 normal;  // of any length; zero: the triangle's own
    Float2 uv;
  };

  // Adds a triangle, counter-clockwise seen from outside. One without area is dropped.
  void AddTriangle(const std::array<Corner, 3>& corners);

  // The mesh; texture coordinates are dropped unless `with_uvs`.
  TriangleMesh Finish(bool with_uvs);

 private:
  uint32_t AddVertex(const Corner& corner);

  TriangleMesh mesh_;
  std::map<std::array<uint32_t, 8>, uint32_t> vertex_by_bits_;
};

}  // namespace deerbench
