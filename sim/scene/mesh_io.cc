#include "sim/scene/mesh_io.h"

#include <fmt/format.h>

#include <cctype>
#include <string>

#include "base/error.h"
#include "sim/scene/mesh_builder.h"
#include "sim/scene/obj_file.h"
#include "sim/scene/stl_file.h"

namespace deerbench {
namespace {

// Double precision after single, and scaled there: PyBullet's order of operations.
Vec3 Scaled(const Float3& p, const Vec3& scale) { return {p.x * scale.x, p.y * scale.y, p.z * scale.z}; }

std::string LowerExtension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

VisualMesh LoadVisualObj(const std::filesystem::path& file) {
  const ObjFile obj = ReadObj(file);
  MeshBuilder builder(file.string());
  VisualMesh out;
  for (const ObjObject& object : obj.objects) {
    if (out.texture.empty() && !object.material->diffuse_texture.empty())
      out.texture = file.parent_path() / object.material->diffuse_texture;
    for (size_t i = 0; i + 2 < object.corners.size(); i += 3) {
      const bool has_normals = object.corners[i].normal >= 0 && object.corners[i + 1].normal >= 0 &&
                               object.corners[i + 2].normal >= 0;
      std::array<MeshBuilder::Corner, 3> triangle;
      for (size_t c = 0; c < 3; ++c) {
        const ObjCorner& corner = object.corners[i + c];
        triangle[c].position = obj.positions[static_cast<size_t>(corner.position)];
        if (has_normals) triangle[c].normal = obj.normals[static_cast<size_t>(corner.normal)];
        if (corner.uv >= 0) triangle[c].uv = obj.uvs[static_cast<size_t>(corner.uv)];
      }
      builder.AddTriangle(triangle);
    }
  }
  out.mesh = builder.Finish(!obj.uvs.empty());
  return out;
}

VisualMesh LoadVisualStl(const std::filesystem::path& file) {
  MeshBuilder builder(file.string());
  for (const StlTriangle& triangle : ReadStl(file)) {
    std::array<MeshBuilder::Corner, 3> corners;
    for (size_t c = 0; c < 3; ++c) corners[c] = {triangle.corners[c], triangle.normal, {}};
    builder.AddTriangle(corners);
  }
  return {builder.Finish(false), {}};
}

// Whether `file` is an OBJ (rather than an STL), the two formats there are.
bool RequireObjOrStl(const std::filesystem::path& file) {
  const std::string extension = LowerExtension(file);
  if (extension != ".obj" && extension != ".stl")
    Fail(fmt::format("{}: mesh of type '{}', expected .obj or .stl", file.string(), extension));
  return extension == ".obj";
}

}  // namespace

bool IsObj(const std::filesystem::path& file) { return LowerExtension(file) == ".obj"; }

VisualMesh LoadVisualMesh(const std::filesystem::path& file) {
  VisualMesh out = RequireObjOrStl(file) ? LoadVisualObj(file) : LoadVisualStl(file);
  if (out.mesh.indices.empty()) Fail(fmt::format("{}: all triangles are without area", file.string()));
  return out;
}

std::vector<std::vector<Vec3>> LoadConvexPieces(const std::filesystem::path& file, const Vec3& scale) {
  std::vector<std::vector<Vec3>> pieces;
  if (RequireObjOrStl(file)) {
    const ObjFile obj = ReadObj(file);
    for (const ObjObject& object : obj.objects) {
      std::vector<Vec3>& points = pieces.emplace_back();
      points.reserve(object.corners.size());
      for (const ObjCorner& corner : object.corners)
        points.push_back(Scaled(obj.positions[static_cast<size_t>(corner.position)], scale));
    }
  } else {
    std::vector<Vec3>& points = pieces.emplace_back();
    for (const StlTriangle& triangle : ReadStl(file))
      for (const Float3& corner : triangle.corners) points.push_back(Scaled(corner, scale));
  }
  return pieces;
}

std::vector<std::array<Vec3, 3>> LoadTriangles(const std::filesystem::path& file, const Vec3& scale) {
  std::vector<std::array<Vec3, 3>> triangles;
  for (const std::vector<Vec3>& points : LoadConvexPieces(file, scale))
    for (size_t i = 0; i + 2 < points.size(); i += 3)
      triangles.push_back({points[i], points[i + 1], points[i + 2]});
  return triangles;
}

}  // namespace deerbench
