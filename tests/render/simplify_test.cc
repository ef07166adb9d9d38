#include "sim/render/simplify.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numbers>

#include "sim/render/render_scene.h"
#include "tests/render/test_scene.h"

namespace deerbench::render {
namespace {

// A ball of `rings` times twice as many quads; vertices are split along the seam.
TriangleMesh Ball(double radius, int rings) {
  TriangleMesh mesh;
  const int columns = 2 * rings;
  for (int j = 0; j <= rings; ++j) {
    for (int i = 0; i <= columns; ++i) {
      // The seam's vertices, and the poles', are at one place to the last bit.
      const double a = std::numbers::pi * j / rings, b = 2 * std::numbers::pi * (i % columns) / columns;
      const double s = j % rings == 0 ? 0 : std::sin(a);
      const Float3 n{static_cast<float>(s * std::cos(b)), static_cast<float>(s * std::sin(b)),
                     static_cast<float>(std::cos(a))};
      mesh.normals.push_back(n);
      const auto r = static_cast<float>(radius);
      mesh.positions.push_back({r * n.x, r * n.y, r * n.z});
    }
  }
  const auto row = static_cast<uint32_t>(columns + 1);
  for (uint32_t j = 0; j < static_cast<uint32_t>(rings); ++j) {
    for (uint32_t i = 0; i + 1 < row; ++i) {
      const uint32_t a = j * row + i, b = a + row;
      for (const uint32_t k : {a, b, b + 1, a, b + 1, a + 1}) mesh.indices.push_back(k);
    }
  }
  return mesh;
}

TEST_CASE("A clustered ball is closed, has far fewer triangles and stays within a cell of the fine one") {
  const double radius = 0.1, cell = 0.02;
  const TriangleMesh fine = Ball(radius, 60), coarse = ClusterVertices(fine, cell);
  CHECK(coarse.indices.size() < fine.indices.size() / 4);
  CHECK(coarse.indices.size() > 300);
  for (const Float3& p : coarse.positions) {
    const double r = std::sqrt(p.x * p.x + p.y * p.y + p.z * p.z);
    CHECK(r <= radius + 1e-6);
    CHECK(r >= radius - 0.25 * cell);
  }
  // Every edge of a closed surface is run through as often in one direction as in the other.
  std::map<std::pair<uint32_t, uint32_t>, int> edges;
  for (size_t t = 0; t < coarse.indices.size(); t += 3) {
    for (size_t k = 0; k < 3; ++k) {
      const uint32_t a = coarse.indices[t + k], b = coarse.indices[t + (k + 1) % 3];
      REQUIRE(a != b);
      edges[{std::min(a, b), std::max(a, b)}] += a < b ? 1 : -1;
    }
  }
  for (const auto& [edge, balance] : edges) CHECK(balance == 0);
}

TEST_CASE("Only fine meshes in PyBullet's look cast coarser shadows") {
  for (const Look look : {Look::kOwn, Look::kPyBullet}) {
    test::SceneBuilder builder;
    const int material = builder.AddMaterial(1, 1, 1);
    builder.AddInstance(Ball(0.2, 60), {}, false, material);
    builder.AddInstance(test::Box({0.1, 0.1, 0.1}), {}, false, material);
    builder.model.look = look;
    const auto scene = builder.Make();
    const auto caster = [&](int mesh) -> const PackedMesh& {
      return scene->meshes[static_cast<size_t>(scene->caster_of_mesh[static_cast<size_t>(mesh)])];
    };
    CHECK((caster(0).num_triangles < scene->meshes[0].num_triangles) == (look == Look::kPyBullet));
    CHECK(&caster(1) == &scene->meshes[1]);
  }
}

}  // namespace
}  // namespace deerbench::render
