#include "sim/render/raster.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "sim/render/clip.h"
#include "tests/render/test_scene.h"

namespace deerbench::render {
namespace {

using deerbench::test::SceneBuilder;

View FrontalView(int size) {
  View view;
  view.width = view.height = size;
  view.f = size / 2.0;
  view.cx = view.cy = size / 2.0;
  view.near_m = 0.01;
  view.far_m = 100;
  return view;
}

// How often each pixel is covered when every triangle is drawn alone.
std::vector<int> CountCoverage(const TriangleMesh& mesh, const View& view, Faces faces = Faces::kFront) {
  std::vector<int> count(static_cast<size_t>(view.width * view.height));
  for (size_t t = 0; t < mesh.indices.size(); t += 3) {
    SceneBuilder builder;
    TriangleMesh single = mesh;
    single.indices.assign(mesh.indices.begin() + static_cast<long>(t),
                          mesh.indices.begin() + static_cast<long>(t) + 3);
    builder.AddInstance(single, {}, false, builder.AddMaterial(1, 1, 1));
    const auto scene = builder.Make();
    VisibilityBuffer buffer;
    buffer.Resize(view.width, view.height, true);
    buffer.Clear(static_cast<float>(1 / view.far_m));
    ProjectedMesh projected;
    const Pose X_CV;
    Project(scene->meshes[0], X_CV, view, true, projected);
    DrawMesh({.mesh = scene->meshes[0], .projected = projected, .X_CV = X_CV, .view = view, .faces = faces},
             buffer);
    for (int y = 0; y < view.height; ++y) {
      for (int x = 0; x < view.width; ++x)
        count[static_cast<size_t>(y * view.width + x)] +=
            buffer.id[static_cast<size_t>(buffer.Index(x, y))] != kBackground;
    }
  }
  return count;
}

// A grid over the whole picture and beyond, its inner vertices shaken sideways and in depth. Seen from the
// front.
TriangleMesh ShakenGrid(int cells, double extent, uint32_t seed) {
  std::mt19937 random(seed);
  const auto uniform = [&] { return random() / 4294967296.0 - 0.5; };
  TriangleMesh mesh;
  for (int j = 0; j <= cells; ++j) {
    for (int i = 0; i <= cells; ++i) {
      const double z = 2 + 0.5 * uniform();
      const double x = extent * (2.0 * i / cells - 1) + 0.8 * extent / cells * uniform();
      const double y = extent * (2.0 * j / cells - 1) + 0.8 * extent / cells * uniform();
      mesh.positions.push_back({static_cast<float>(x * z), static_cast<float>(y * z), static_cast<float>(z)});
      mesh.normals.push_back({0, 0, -1});
    }
  }
  const auto row = static_cast<uint32_t>(cells + 1);
  for (uint32_t j = 0; j + 1 < row; ++j) {
    for (uint32_t i = 0; i + 1 < row; ++i) {
      const uint32_t a = j * row + i, b = a + 1, c = a + row + 1, d = a + row;
      // y points down: counter-clockwise on the screen is a, d, c, b.
      for (const uint32_t k : {a, d, c, a, c, b}) mesh.indices.push_back(k);
    }
  }
  return mesh;
}

TEST_CASE("A triangle covers exactly the pixels whose centres it contains") {
  // Corners at the pixel corners (2, 2), (2, 10) and (10, 10) of a 16 x 16 picture with f = 8.
  TriangleMesh mesh;
  mesh.positions = {{-0.75f, -0.75f, 1}, {-0.75f, 0.25f, 1}, {0.25f, 0.25f, 1}};
  mesh.normals.assign(3, {0, 0, -1});
  mesh.indices = {0, 1, 2};
  const std::vector<int> count = CountCoverage(mesh, FrontalView(16));
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) {
      // Centres on the slanted edge x = y lie on its right side: not a left edge, so outside.
      const bool inside = x >= 2 && y < 10 && x < y;
      CHECK(count[static_cast<size_t>(y * 16 + x)] == (inside ? 1 : 0));
    }
  }
}

TEST_CASE("A quad with edges through pixel centres owns its left and top edges only") {
  const TriangleMesh mesh =
      test::Quad({-0.6875, 0.3125, 1}, {0.3125, 0.3125, 1}, {0.3125, -0.6875, 1}, {-0.6875, -0.6875, 1});
  const std::vector<int> count = CountCoverage(mesh, FrontalView(16));  // from (2.5, 2.5) to (10.5, 10.5)
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) {
      const bool inside = x >= 2 && x < 10 && y >= 2 && y < 10;
      CHECK(count[static_cast<size_t>(y * 16 + x)] == (inside ? 1 : 0));
    }
  }
}

TEST_CASE("Neighbouring triangles neither overlap nor leave a gap") {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    const int cells = seed % 2 == 0 ? 3 : 14;
    const std::vector<int> count = CountCoverage(ShakenGrid(cells, 1.4, seed), FrontalView(72));
    CHECK(std::count(count.begin(), count.end(), 1) == 72 * 72);
  }
}

TEST_CASE("What is found out early to hold no pixel's centre would not have been drawn") {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    // From triangles much smaller than a pixel to some that reach beyond the picture.
    const int cells = std::array{150, 90, 40, 12, 5, 2}[seed - 1];
    TriangleMesh mesh = ShakenGrid(cells, seed % 2 == 0 ? 0.9 : 1.3, seed);
    std::mt19937 random(seed);
    for (size_t t = 0; t < mesh.indices.size(); t += 3) {
      if (random() % 2 == 0) std::swap(mesh.indices[t], mesh.indices[t + 1]);
    }
    SceneBuilder builder;
    builder.AddInstance(mesh, {}, false, builder.AddMaterial(1, 1, 1));
    const auto scene = builder.Make();
    const View view = FrontalView(70);
    const Pose X_CV;
    for (const Faces faces : {Faces::kFront, Faces::kBack}) {
      VisibilityBuffer buffers[2];
      for (const bool early : {false, true}) {
        VisibilityBuffer& buffer = buffers[early];
        buffer.Resize(view.width, view.height, true);
        buffer.Clear(static_cast<float>(1 / view.far_m));
        ProjectedMesh projected;
        Project(scene->meshes[0], X_CV, view, early, projected);
        REQUIRE(projected.snapped.empty() != early);
        DrawMesh(
            {.mesh = scene->meshes[0], .projected = projected, .X_CV = X_CV, .view = view, .faces = faces},
            buffer);
      }
      int drawn = 0, different = 0;
      for (int y = 0; y < view.height; ++y) {
        for (int x = 0; x < view.width; ++x) {
          const auto pixel = static_cast<size_t>(buffers[0].Index(x, y));
          drawn += buffers[0].id[pixel] != kBackground;
          different += buffers[0].id[pixel] != buffers[1].id[pixel] ||
                       buffers[0].depth[pixel] != buffers[1].depth[pixel];
        }
      }
      CHECK(drawn > 0);
      CHECK(different == 0);
    }
  }
}

TEST_CASE("Clipped triangles neither overlap nor leave a gap") {
  // Far beyond the guard band, so that nearly all triangles are cut.
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    const std::vector<int> count = CountCoverage(ShakenGrid(4, 40, seed), FrontalView(48));
    CHECK(std::count(count.begin(), count.end(), 1) == 48 * 48);
  }
}

TEST_CASE("A face is drawn from one side only, and from the other when back faces are asked for") {
  const TriangleMesh mesh = test::Quad({-2, 2, 1}, {2, 2, 1}, {2, -2, 1}, {-2, -2, 1});
  const View view = FrontalView(8);
  const auto covered = [&](const TriangleMesh& m, Faces faces) {
    const std::vector<int> count = CountCoverage(m, view, faces);
    return std::count(count.begin(), count.end(), 1);
  };
  TriangleMesh turned = mesh;
  std::swap(turned.indices[1], turned.indices[2]);
  std::swap(turned.indices[4], turned.indices[5]);
  CHECK(covered(mesh, Faces::kFront) == 64);
  CHECK(covered(mesh, Faces::kBack) == 0);
  CHECK(covered(turned, Faces::kFront) == 0);
  CHECK(covered(turned, Faces::kBack) == 64);
}

TEST_CASE("Triangles smaller than a pixel leave no gap in a surface") {
  SceneBuilder builder;
  builder.AddInstance(ShakenGrid(150, 1.2, 9), {}, false, builder.AddMaterial(1, 1, 1));
  Renderer renderer(builder.Make());
  const test::Picture picture = test::Draw(renderer, builder.state, test::MakeFrontalCamera(48, 48));
  CHECK(std::count(picture.segmentation.begin(), picture.segmentation.end(), 0) == 48 * 48);
  for (const float z : picture.depth_m) CHECK((z > 1.7 && z < 2.3));
}

}  // namespace
}  // namespace deerbench::render
