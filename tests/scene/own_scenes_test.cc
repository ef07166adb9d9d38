// Our own scenes A to D as scripts/make_assets.py writes them.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

#include "sim/scene/forward_kinematics.h"
#include "sim/scene/load.h"

namespace deerbench {
namespace {

const std::vector<std::string> kLetters = {"A", "B", "C", "D"};

SceneDescription LoadOwn(const std::string& letter) {
  const char* folder = std::getenv("DEERBENCH_SCENES");
  REQUIRE(folder);
  return LoadSceneDescription(letter, folder);
}

const BodyDescription& Table(const SceneDescription& scene) {
  return scene.bodies[static_cast<size_t>(scene.table.body)];
}

// Height of the highest upright collision box of the table's link under a point, all joints at zero.
double BoxTopBelow(const SceneDescription& scene, int link, double x, double y) {
  const BodyDescription& table = Table(scene);
  const std::vector<double> zeros(table.links.size() - 1, 0.0);
  const Pose X_WL = ForwardKinematics(table, table.X_WB, zeros)[static_cast<size_t>(link) + 1];
  double top = -1;
  for (const CollisionShape& shape : table.links[static_cast<size_t>(link) + 1].collisions) {
    if (shape.kind != CollisionShape::Kind::kBox) continue;
    const Pose X_WC = X_WL * shape.X_LC;
    const Vec3 h = shape.half_extents;
    Vec3 low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9};
    for (int corner = 0; corner < 8; ++corner) {
      const Vec3 p = X_WC * Vec3{corner & 1 ? h.x : -h.x, corner & 2 ? h.y : -h.y, corner & 4 ? h.z : -h.z};
      low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
    }
    if (x > low.x && x < high.x && y > low.y && y < high.y) top = std::max(top, high.z);
  }
  return top;
}

TEST_CASE("links of our own scenes have CALVIN's numbers") {
  for (const std::string& letter : kLetters) {
    CAPTURE(letter);
    const SceneDescription scene = LoadOwn(letter);
    CHECK(scene.robot.arm_links == std::array<int, 7>{0, 1, 2, 3, 4, 5, 6});
    CHECK(scene.robot.finger_links == std::array<int, 2>{9, 11});
    CHECK(scene.robot.tcp_link == 15);
    CHECK(scene.robot.gripper_camera_link == 14);
    CHECK(scene.table.button_link == 0);
    CHECK(scene.table.switch_link == 1);
    CHECK(scene.table.slide_link == 2);
    CHECK(scene.table.drawer_link == 3);
    CHECK(scene.table.led_link == 4);
    CHECK(scene.table.light_link == 5);
    CHECK(scene.table.plank_link == 6);
    CHECK(scene.table.body == 5);
    CHECK(scene.bodies.size() == 7);
  }
}

TEST_CASE("joints of our own tables travel as far as CALVIN's") {
  const std::vector<double> slides = {0.28, 0.304, 0.24, 0.28};
  for (size_t i = 0; i < kLetters.size(); ++i) {
    CAPTURE(kLetters[i]);
    const SceneDescription scene = LoadOwn(kLetters[i]);
    const auto travel = [&](int link) {
      return Table(scene).links[static_cast<size_t>(link) + 1].joint.upper;
    };
    CHECK(travel(scene.table.slide_link) == Approx(slides[i]));
    CHECK(travel(scene.table.drawer_link) == Approx(0.22));
    CHECK(travel(scene.table.button_link) == Approx(0.02));
    CHECK(travel(scene.table.switch_link) == Approx(0.088));
  }
}

TEST_CASE("surfaces of our own tables lie where blocks rest in the recordings") {
  for (const std::string& letter : kLetters) {
    CAPTURE(letter);
    const SceneDescription scene = LoadOwn(letter);
    const auto middle_top = [&](const SurfaceBox& surface, int link) {
      return BoxTopBelow(scene, link, (surface.min.x + surface.max.x) / 2,
                         (surface.min.y + surface.max.y) / 2);
    };
    CHECK(middle_top(scene.surfaces.table, -1) == Approx(0.44).margin(1e-6));
    CHECK(middle_top(scene.surfaces.slider_left, scene.table.plank_link) == Approx(0.441).margin(1e-6));
    CHECK(middle_top(scene.surfaces.slider_right, scene.table.plank_link) == Approx(0.441).margin(1e-6));
    const double drawer_x =
        Table(scene).links[static_cast<size_t>(scene.table.drawer_link) + 1].joint.X_PJ.p.x;
    CHECK(BoxTopBelow(scene, scene.table.drawer_link, drawer_x, -0.06) == Approx(0.34).margin(1e-6));
  }
}

TEST_CASE("the arm's tool is where CALVIN's is in the initial pose") {
  const SceneDescription scene = LoadOwn("D");
  const SceneState state = SceneStateAsLoaded(scene);
  const Pose& X_WTcp = state.X_WL[static_cast<size_t>(FrameIndex(scene, 0, scene.robot.tcp_link))];
  // world_link_frame_pos_quat of link 15 in CALVIN's scene D.
  CHECK(X_WTcp.p.x == Approx(0.0258684).margin(2e-6));
  CHECK(X_WTcp.p.y == Approx(-0.2313132).margin(2e-6));
  CHECK(X_WTcp.p.z == Approx(0.5712805).margin(2e-6));
}

TEST_CASE("only boxes and small hulls collide in our own scenes") {
  for (const std::string& letter : kLetters) {
    CAPTURE(letter);
    for (const BodyDescription& body : LoadOwn(letter).bodies)
      for (const LinkDescription& link : body.links)
        for (const CollisionShape& shape : link.collisions) {
          CAPTURE(body.name, link.name);
          CHECK(
              (shape.kind == CollisionShape::Kind::kBox || shape.kind == CollisionShape::Kind::kConvexHulls));
          for (const auto& hull : shape.hulls) CHECK(hull.size() <= 180);
        }
  }
}

TEST_CASE("visual meshes of our own scenes are light, shaded outwards and lit where lights are") {
  for (const std::string& letter : kLetters) {
    CAPTURE(letter);
    const SceneDescription scene = LoadOwn(letter);
    size_t robot = 0, all = 0, bulbs = 0, leds = 0;
    for (const VisualInstance& instance : scene.visual.instances) {
      const TriangleMesh& mesh = scene.visual.meshes[static_cast<size_t>(instance.mesh)];
      CAPTURE(mesh.name);
      all += mesh.indices.size() / 3;
      if (instance.body == scene.robot.body) robot += mesh.indices.size() / 3;
      bulbs += instance.light == LightSource::kLightbulb;
      leds += instance.light == LightSource::kLed;
      size_t inwards = 0;
      for (size_t i = 0; i < mesh.indices.size(); i += 3) {
        const auto at = [&](size_t k) {
          const Float3& p = mesh.positions[mesh.indices[i + k]];
          return Vec3{p.x, p.y, p.z};
        };
        const Float3& n0 = mesh.normals[mesh.indices[i]];
        const Float3& n1 = mesh.normals[mesh.indices[i + 1]];
        const Float3& n2 = mesh.normals[mesh.indices[i + 2]];
        const Vec3 shading{n0.x + n1.x + n2.x, n0.y + n1.y + n2.y, n0.z + n1.z + n2.z};
        inwards += Dot(Cross(at(1) - at(0), at(2) - at(0)), shading) < 0;
      }
      CHECK(inwards == 0);
    }
    CHECK(robot <= 10000);
    CHECK(all <= 14000);
    CHECK(bulbs == 1);
    CHECK(leds == 1);
  }
}

}  // namespace
}  // namespace deerbench
