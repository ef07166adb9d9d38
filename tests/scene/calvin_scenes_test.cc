// The importer against what PyBullet reports of CALVIN's scenes (facts_{A..D}.json in the folder above
// DEERBENCH_CALVIN_DATA; assets from DEERBENCH_CALVIN_ASSETS).
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/scene/forward_kinematics.h"
#include "sim/scene/load.h"

namespace deerbench {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

json ReadJson(const fs::path& file) {
  std::ifstream in(file);
  REQUIRE(in.good());
  return json::parse(in);
}

// True if the recordings are there; says why not otherwise.
bool HaveCalvin() {
  for (const char* name : {"DEERBENCH_CALVIN_ASSETS", "DEERBENCH_CALVIN_DATA"}) {
    if (!Environment(name).empty()) continue;
    std::cout << "skipped: " << name << " is not set\n";
    return false;
  }
  return true;
}

SceneDescription LoadCalvin(const std::string& letter) {
  return LoadSceneDescription(letter, Environment("DEERBENCH_SCENES"),
                              Environment("DEERBENCH_CALVIN_ASSETS"));
}

json LoadFacts(const std::string& letter) {
  return ReadJson(fs::path(Environment("DEERBENCH_CALVIN_DATA")).lexically_normal().parent_path() /
                  fmt::format("facts_{}.json", letter));
}

Vec3 ToVec3(const json& j) { return {j.at(0), j.at(1), j.at(2)}; }
Quat ToQuat(const json& j) { return {j.at(0), j.at(1), j.at(2), j.at(3)}; }
double Distance(const Vec3& a, const Vec3& b) { return Norm(a - b); }
double Distance(const Quat& a, const Quat& b) {  // up to the sign
  const Quat d = Conjugate(a) * b;
  return std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z);
}

int TypeNumber(JointDescription::Type type) {  // PyBullet's
  switch (type) {
    case JointDescription::Type::kPrismatic:
      return 1;
    case JointDescription::Type::kFixed:
      return 4;
    default:
      return 0;
  }
}

std::vector<Vec3> AllPoints(const CollisionShape& shape) {
  std::vector<Vec3> points;
  for (const auto& hull : shape.hulls) points.insert(points.end(), hull.begin(), hull.end());
  for (const auto& triangle : shape.triangles) points.insert(points.end(), triangle.begin(), triangle.end());
  if (shape.kind == CollisionShape::Kind::kBox)
    for (const double x : {-1, 1})
      for (const double y : {-1, 1})
        for (const double z : {-1, 1})
          points.push_back({x * shape.half_extents.x, y * shape.half_extents.y, z * shape.half_extents.z});
  return points;
}

void CheckJoint(const LinkDescription& link, const LinkDescription& parent, const json& fact) {
  const JointDescription& joint = link.joint;
  CHECK(joint.name == fact.at("name"));
  CHECK(link.name == fact.at("link_name"));
  CHECK(TypeNumber(joint.type) == fact.at("type"));
  CHECK(link.parent - 1 == fact.at("parent_index"));
  CHECK(joint.lower == fact.at("lower").get<double>());
  CHECK(joint.upper == fact.at("upper").get<double>());
  CHECK(joint.damping == fact.at("damping").get<double>());
  CHECK(joint.friction == fact.at("friction").get<double>());
  CHECK(joint.effort == fact.at("max_force").get<double>());
  CHECK(joint.velocity == fact.at("max_velocity").get<double>());
  CHECK(joint.axis == ToVec3(fact.at("axis")));
  // PyBullet tells the joint frame in the parent's inertial frame, its rotation from the parent to the child.
  const Pose X_IJ = Inverse(parent.X_LI) * joint.X_PJ;
  CHECK(Distance(X_IJ.p, ToVec3(fact.at("parent_frame_pos"))) < 1e-15);
  CHECK(Distance(Conjugate(link.X_LI.q) * Conjugate(X_IJ.q), ToQuat(fact.at("parent_frame_quat"))) < 1e-14);
}

void CheckDynamics(const LinkDescription& link, const json& fact) {
  CHECK(link.mass == fact.at("mass").get<double>());
  CHECK(link.X_LI.p == ToVec3(fact.at("local_inertial_pos")));
  CHECK(link.X_LI.q == ToQuat(fact.at("local_inertial_quat")));
  CHECK(link.contact.lateral_friction == fact.at("lateral_friction").get<double>());
  CHECK(link.contact.spinning_friction == fact.at("spinning_friction").get<double>());
  CHECK(link.contact.rolling_friction == fact.at("rolling_friction").get<double>());
  CHECK(link.contact.restitution == fact.at("restitution").get<double>());
  CHECK(link.contact.stiffness == fact.at("contact_stiffness").get<double>());
  CHECK(link.contact.damping == fact.at("contact_damping").get<double>());
}

void CheckCollisions(const LinkDescription& link, const json& facts) {
  REQUIRE(link.collisions.size() == facts.size());
  for (size_t i = 0; i < facts.size(); ++i) {
    const CollisionShape& shape = link.collisions[i];
    const bool is_box = facts[i].at(2) == 3, is_mesh = facts[i].at(2) == 5;
    CHECK(is_box == (shape.kind == CollisionShape::Kind::kBox));
    CHECK(is_mesh == (shape.kind == CollisionShape::Kind::kConvexHulls ||
                      shape.kind == CollisionShape::Kind::kConcaveMesh));
    if (is_box) CHECK(Distance(2 * shape.half_extents, ToVec3(facts[i].at(3))) < 1e-12);
    const Pose X_IC = Inverse(link.X_LI) * shape.X_LC;
    CHECK(Distance(X_IC.p, ToVec3(facts[i].at(5))) < 1e-15);
    CHECK(Distance(X_IC.q, ToQuat(facts[i].at(6))) < 1e-14);
  }
}

TEST_CASE("Links, joints, limits, masses, frictions and collision shapes of all four scenes are PyBullet's") {
  if (!HaveCalvin()) return;
  size_t num_bodies = 0, num_links = 0;
  for (const std::string letter : {"A", "B", "C", "D"}) {
    const SceneDescription scene = LoadCalvin(letter);
    const json facts = LoadFacts(letter);
    REQUIRE(scene.bodies.size() == facts.at("bodies").size());
    for (size_t b = 0; b < scene.bodies.size(); ++b) {
      const BodyDescription& body = scene.bodies[b];
      const json& links = facts.at("bodies")[b].at("links");
      INFO("scene " << letter << ", body " << b << " " << body.name);
      CHECK(facts.at("bodies")[b].at("uid") == b);
      REQUIRE(body.links.size() == links.size());
      for (size_t i = 0; i < links.size(); ++i) {
        const LinkDescription& link = body.links[i];
        INFO("link " << link.name);
        CheckDynamics(link, links[i].at("dynamics"));
        CheckCollisions(link, links[i].at("collision_shapes"));
        if (i > 0) CheckJoint(link, body.links[static_cast<size_t>(link.parent)], links[i].at("joint"));
        ++num_links;
      }
      ++num_bodies;
    }
  }
  std::cout << fmt::format("importer: {} bodies, {} links equal to PyBullet's\n", num_bodies, num_links);
}

TEST_CASE("Collision geometry fills the bounding boxes that PyBullet reports") {
  if (!HaveCalvin()) return;
  double worst_outside = 0, worst_base = 0;
  size_t count = 0;
  for (const std::string letter : {"A", "B", "C", "D"}) {
    const SceneDescription scene = LoadCalvin(letter);
    const json facts = LoadFacts(letter);
    for (size_t b = 0; b < scene.bodies.size(); ++b) {
      const BodyDescription& body = scene.bodies[b];
      const json& fact = facts.at("bodies")[b];
      std::vector<double> q(body.links.size() - 1);
      for (size_t i = 0; i < q.size(); ++i)
        q[i] = fact.at("links")[i + 1].at("joint_state_after_reset").at("q");
      const Pose X_WI{ToVec3(fact.at("base").at(0)), ToQuat(fact.at("base").at(1))};
      const auto X_WL = ForwardKinematics(body, X_WI * Inverse(body.links[0].X_LI), q);
      for (size_t i = 0; i < body.links.size(); ++i) {
        if (body.links[i].collisions.empty()) continue;
        const json& aabb = fact.at("links")[i].at("aabb");
        const Vec3 min = ToVec3(aabb.at(0)), max = ToVec3(aabb.at(1));
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        Vec3 low{kInfinity, kInfinity, kInfinity}, high = -low;
        for (const CollisionShape& shape : body.links[i].collisions) {
          for (const Vec3& point : AllPoints(shape)) {
            const Vec3 p = X_WL[i] * (shape.X_LC * point);
            low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
            high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
          }
        }
        const double outside = std::max(
            {min.x - low.x, min.y - low.y, min.z - low.z, high.x - max.x, high.y - max.y, high.z - max.z});
        INFO("scene " << letter << ", body " << body.name << ", link " << body.links[i].name);
        CHECK(outside < 1e-3);  // PyBullet's boxes of moving links are a substep old
        worst_outside = std::max(worst_outside, outside);
        // Unrotated: the boxes must be equal but for the margin of 1 mm and the 2 cm by which broadphase
        // boxes grow.
        if (i == 0 && body.fixed_base) {
          const double gap = std::max(
              {low.x - min.x, low.y - min.y, low.z - min.z, max.x - high.x, max.y - high.y, max.z - high.z});
          CHECK(gap < 0.025);
          worst_base = std::max(worst_base, gap);
        }
        ++count;
      }
    }
  }
  std::cout << fmt::format(
      "bounding boxes: {} links, geometry at most {:.2e} m outside, {:.2e} m inside of bases'\n", count,
      worst_outside, worst_base);
}

TEST_CASE("Visuals hang on PyBullet's links with its poses, sizes and colours") {
  if (!HaveCalvin()) return;
  size_t count = 0;
  for (const std::string letter : {"A", "B", "C", "D"}) {
    const SceneDescription scene = LoadCalvin(letter);
    std::vector<json> facts;
    const json all = LoadFacts(letter);
    for (const json& body : all.at("bodies"))
      for (const json& visual : body.at("visual_shapes")) facts.push_back(visual);
    REQUIRE(scene.visual.instances.size() == facts.size());
    for (size_t i = 0; i < facts.size(); ++i) {
      const VisualInstance& instance = scene.visual.instances[i];
      const json& fact = facts[i];
      INFO("scene " << letter << ", visual " << fact.dump());
      CHECK(instance.body == fact.at(0));
      CHECK(instance.link == fact.at(1));
      CHECK(instance.frame == FrameIndex(scene, instance.body, instance.link));
      const TriangleMesh& mesh = scene.visual.meshes[static_cast<size_t>(instance.mesh)];
      if (fact.at(2) == 5) {
        CHECK(Distance(instance.scale, ToVec3(fact.at(3))) < 1e-15);
        CHECK(fs::path(mesh.name).filename() == fs::path(fact.at(4).get<std::string>()).filename());
      }
      CHECK(Distance(instance.X_LV.p, ToVec3(fact.at(5))) < 1e-15);
      CHECK(Distance(instance.X_LV.q, ToQuat(fact.at(6))) < 1e-14);
      const Material& material = scene.visual.materials[static_cast<size_t>(instance.material)];
      for (size_t c = 0; c < 4; ++c) CHECK(material.rgba[c] == fact.at(7).at(c).get<float>());
      for (const uint32_t index : mesh.indices) REQUIRE(index < mesh.positions.size());
      REQUIRE(mesh.normals.size() == mesh.positions.size());
      ++count;
    }
  }
  std::cout << fmt::format("visuals: {} equal to PyBullet's\n", count);
}

TEST_CASE("Forward kinematics of the arm gives the recorded tool poses after reset") {
  if (!HaveCalvin()) return;
  double worst_position = 0, worst_angle = 0;
  size_t count = 0;
  for (const std::string letter : {"A", "B", "C", "D"}) {
    const SceneDescription scene = LoadCalvin(letter);
    const BodyDescription& body = scene.bodies[static_cast<size_t>(scene.robot.body)];
    const json cases =
        ReadJson(fs::path(Environment("DEERBENCH_CALVIN_DATA")) / fmt::format("reset_{}.json", letter));
    for (const json& item : cases.at("cases")) {
      const json& robot_obs =
          item.at("input_robot_obs");  // tcp position, euler, width, seven joints, gripper
      std::vector<double> q(body.links.size() - 1, 0.0);
      for (size_t i = 0; i < 7; ++i) q[static_cast<size_t>(scene.robot.arm_links[i])] = robot_obs.at(7 + i);
      const auto X_WL = ForwardKinematics(body, body.X_WB, q);
      const Pose& X_WT = X_WL[static_cast<size_t>(scene.robot.tcp_link) + 1];
      // The tool pose in the observation is a substep old: right after reset that of the given joint
      // positions.
      const json& after = item.at("after_reset").at("robot_obs");
      worst_position =
          std::max(worst_position, Distance(X_WT.p, Vec3{after.at(0), after.at(1), after.at(2)}));
      worst_angle =
          std::max(worst_angle, Distance(X_WT.q, FromEuler({after.at(3), after.at(4), after.at(5)})));
      ++count;
    }
  }
  std::cout << fmt::format("tool poses: {}, worst {:.1e} m and {:.1e} rad off\n", count, worst_position,
                           worst_angle);
  CHECK(count > 0);
  CHECK(worst_position < 1e-6);
  CHECK(worst_angle < 1e-6);
}

}  // namespace
}  // namespace deerbench
