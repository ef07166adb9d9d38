// A URDF file as it stands: its elements with all lengths scaled, before meshes are read and links are put in
// order. urdf.h makes a BodyDescription of it.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "sim/scene/description.h"

namespace deerbench {

struct UrdfGeometry {
  enum class Kind { kBox, kSphere, kCylinder, kCapsule, kMesh };
  Kind kind = Kind::kBox;
  Vec3 size;                      // kBox, full edge lengths
  double radius = 0, length = 0;  // kSphere, kCylinder, kCapsule
  std::filesystem::path mesh;     // kMesh, a file that exists
  Vec3 mesh_scale = {1, 1, 1};    // kMesh, global scaling included
  std::string where;              // file, line and element, for messages
};

struct UrdfMaterial {
  std::array<float, 4> rgba = {0.8f, 0.8f, 0.8f, 1};  // PyBullet's default
  std::filesystem::path texture;                      // empty: none
  float specular = Material{}.specular;               // mean of <specular rgb>
};

struct UrdfVisual {
  Pose X_LV;
  UrdfGeometry geometry;
  std::string material;  // name; empty: none
};

struct UrdfCollision {
  Pose X_LC;
  UrdfGeometry geometry;
  bool concave = false;
};

struct UrdfLink {
  LinkDescription description;  // without parent, joint and collisions
  std::vector<UrdfVisual> visuals;
  std::vector<UrdfCollision> collisions;
};

struct UrdfJoint {
  JointDescription description;
  std::string parent, child;
  int line = 0;
};

struct UrdfModel {
  std::string name;
  std::vector<UrdfLink> links;    // in file order
  std::vector<UrdfJoint> joints;  // in file order
  // By name. Of several global materials of one name the first counts; a material defined within a <visual>
  // replaces it, for visuals before it too (as in PyBullet, which looks names up after it has read the file).
  std::map<std::string, UrdfMaterial> materials;
};

// Throws Error naming file, line, element, value and what was expected.
UrdfModel ParseUrdf(const std::filesystem::path& file, double global_scaling);

}  // namespace deerbench
