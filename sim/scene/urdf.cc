#include "sim/scene/urdf.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "sim/scene/mesh_io.h"
#include "sim/scene/urdf_model.h"

namespace deerbench {
namespace {

constexpr size_t kMaxCollisionPoints = 4'000'000;  // of one body

// Colours of links without a material by (link index, 0 for the base) mod 4, from PyBullet's
// eglRendererVisualShapeConverter.cpp.
constexpr std::array<std::array<float, 4>, 4> kDefaultColors = {{{60 / 256.f, 186 / 256.f, 84 / 256.f, 1},
                                                                 {244 / 256.f, 194 / 256.f, 13 / 256.f, 1},
                                                                 {219 / 256.f, 50 / 256.f, 54 / 256.f, 1},
                                                                 {72 / 256.f, 133 / 256.f, 237 / 256.f, 1}}};

// A link's place in the tree: index into UrdfModel::links, its parent's place in PyBullet's order (-1: none)
// and the joint to it.
struct Place {
  size_t link;
  int parent;
  const UrdfJoint* joint;
};

// Depth first from the one root, children in the order of the joints: PyBullet's numbering.
std::vector<Place> OrderLinks(const UrdfModel& model, const std::string& file) {
  std::map<std::string, size_t> link_by_name;
  for (size_t i = 0; i < model.links.size(); ++i) link_by_name[model.links[i].description.name] = i;
  std::vector<std::vector<const UrdfJoint*>> joints_of(model.links.size());
  std::vector<const UrdfJoint*> joint_to(model.links.size(), nullptr);
  const auto find_link = [&](const UrdfJoint& joint, const std::string& name, const char* role) {
    const auto found = link_by_name.find(name);
    if (found == link_by_name.end())
      Fail(fmt::format("{} line {} <joint name='{}'>: {} '{}', expected the name of a link", file, joint.line,
                       joint.description.name, role, name));
    return found->second;
  };
  for (const UrdfJoint& joint : model.joints) {
    const size_t parent = find_link(joint, joint.parent, "parent"),
                 child = find_link(joint, joint.child, "child");
    if (joint_to[child])
      Fail(fmt::format("{} line {} <joint name='{}'>: child '{}' has joint '{}' already, expected one a link",
                       file, joint.line, joint.description.name, joint.child,
                       joint_to[child]->description.name));
    joints_of[parent].push_back(&joint);
    joint_to[child] = &joint;
  }
  std::vector<Place> order, stack;
  for (size_t i = 0; i < model.links.size(); ++i) {
    if (joint_to[i]) continue;
    if (!stack.empty())
      Fail(fmt::format("{}: links '{}' and '{}' both have no parent, expected one root", file,
                       model.links[stack[0].link].description.name, model.links[i].description.name));
    stack.push_back({i, -1, nullptr});
  }
  while (!stack.empty()) {
    const Place place = stack.back();
    stack.pop_back();
    const int index = static_cast<int>(order.size());
    order.push_back(place);
    const auto& joints = joints_of[place.link];
    for (auto joint = joints.rbegin(); joint != joints.rend(); ++joint)
      stack.push_back({link_by_name[(*joint)->child], index, *joint});
  }
  if (order.size() != model.links.size())
    Fail(fmt::format("{}: joints form a loop, expected a tree of all {} links", file, model.links.size()));
  return order;
}

CollisionShape MakeCollision(const UrdfCollision& collision) {
  CollisionShape shape;
  const UrdfGeometry& geometry = collision.geometry;
  shape.X_LC = collision.X_LC;
  shape.radius = geometry.radius;
  shape.length = geometry.length;
  switch (geometry.kind) {
    case UrdfGeometry::Kind::kBox:
      shape.kind = CollisionShape::Kind::kBox;
      shape.half_extents = geometry.size * 0.5;
      break;
    case UrdfGeometry::Kind::kSphere:
      shape.kind = CollisionShape::Kind::kSphere;
      break;
    case UrdfGeometry::Kind::kCylinder:
      shape.kind = CollisionShape::Kind::kCylinder;
      break;
    case UrdfGeometry::Kind::kCapsule:
      shape.kind = CollisionShape::Kind::kCapsule;
      break;
    case UrdfGeometry::Kind::kMesh:
      if (collision.concave) {
        shape.kind = CollisionShape::Kind::kConcaveMesh;
        shape.triangles = LoadTriangles(geometry.mesh, geometry.mesh_scale);
      } else {
        shape.kind = CollisionShape::Kind::kConvexHulls;
        shape.hulls = LoadConvexPieces(geometry.mesh, geometry.mesh_scale);
        shape.lone_hull = !IsObj(geometry.mesh);
      }
      break;
  }
  return shape;
}

size_t CountPoints(const CollisionShape& shape) {
  size_t count = shape.triangles.size() * 3;
  for (const auto& hull : shape.hulls) count += hull.size();
  return count;
}

TriangleMesh MakePrimitive(const UrdfGeometry& geometry, PrimitiveShading shading) {
  switch (geometry.kind) {
    case UrdfGeometry::Kind::kSphere:
      return SphereMesh(geometry.radius);
    case UrdfGeometry::Kind::kCylinder:
      return CylinderMesh(geometry.radius, geometry.length, shading);
    case UrdfGeometry::Kind::kCapsule:
      return CapsuleMesh(geometry.radius, geometry.length);
    default:
      return BoxMesh(geometry.size.x, geometry.size.y, geometry.size.z, shading);
  }
}

// Says who wanted the mesh or texture that could not be loaded.
template <typename Function>
auto ForElement(const std::string& where, Function&& function) {
  try {
    return function();
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", where, error.what()));
  }
}

class BodyBuilder {
 public:
  BodyBuilder(const UrdfModel& model, const UrdfOptions& options, VisualLibrary& visuals)
      : model_(model), options_(options), visuals_(visuals) {}

  void AddCollisions(const UrdfLink& link, std::vector<CollisionShape>& out) {
    for (const UrdfCollision& collision : link.collisions) {
      out.push_back(ForElement(collision.geometry.where, [&] { return MakeCollision(collision); }));
      num_points_ += CountPoints(out.back());
      if (num_points_ > kMaxCollisionPoints)
        Fail(fmt::format("{}: more than {} collision points in one body", collision.geometry.where,
                         kMaxCollisionPoints));
    }
  }

  void AddVisuals(const UrdfLink& link, int link_index, bool is_static) {
    const std::array<float, 4> fallback = kDefaultColors[static_cast<size_t>(std::max(link_index, 0)) & 3];
    for (const UrdfVisual& visual : link.visuals) {
      const auto material = model_.materials.find(visual.material);
      const bool has_material = material != model_.materials.end();
      UrdfMaterial plain;
      plain.rgba = fallback;
      AddInstance(visual.X_LV, visual.geometry, has_material ? material->second : plain, link_index,
                  is_static);
    }
    // Something has to be seen: PyBullet, too, draws the collision shapes of a link without visuals.
    if (!link.visuals.empty()) return;
    UrdfMaterial plain;
    plain.rgba = fallback;
    for (const UrdfCollision& collision : link.collisions)
      AddInstance(collision.X_LC, collision.geometry, plain, link_index, is_static);
  }

 private:
  void AddInstance(const Pose& X_LV, const UrdfGeometry& geometry, const UrdfMaterial& material, int link,
                   bool is_static) {
    VisualInstance instance;
    instance.body = options_.body;
    instance.link = link;
    instance.frame = options_.first_frame + link + 1;
    instance.X_LV = X_LV;
    instance.is_static = is_static;
    int texture = -1;
    ForElement(geometry.where, [&] {
      if (geometry.kind == UrdfGeometry::Kind::kMesh) {
        const VisualLibrary::FileMesh mesh = visuals_.MeshFromFile(geometry.mesh);
        instance.mesh = mesh.mesh;
        instance.scale = geometry.mesh_scale;
        texture = mesh.texture;
      } else {
        instance.mesh = visuals_.AddMesh(MakePrimitive(geometry, options_.shading));
      }
      if (!material.texture.empty()) texture = visuals_.TextureFromFile(material.texture);
    });
    instance.material = visuals_.MaterialFor(material.rgba, texture, material.specular);
    visuals_.model().instances.push_back(instance);
  }

  const UrdfModel& model_;
  const UrdfOptions& options_;
  VisualLibrary& visuals_;
  size_t num_points_ = 0;
};

}  // namespace

BodyDescription LoadUrdf(const std::filesystem::path& file, const UrdfOptions& options,
                         VisualLibrary& visuals) {
  const UrdfModel model = ParseUrdf(file, options.global_scaling);
  BodyDescription body;
  body.name = model.name;
  body.file = file.string();
  body.X_WB = options.X_WB;
  BodyBuilder builder(model, options, visuals);
  std::vector<bool> is_static;
  for (const Place& place : OrderLinks(model, body.file)) {
    const UrdfLink& source = model.links[place.link];
    LinkDescription link = source.description;
    link.parent = place.parent;
    if (place.joint) {
      link.joint = place.joint->description;
      is_static.push_back(is_static[static_cast<size_t>(place.parent)] &&
                          link.joint.type == JointDescription::Type::kFixed);
    } else {
      if (options.fixed_base) link.mass = 0;
      body.fixed_base = link.mass == 0;
      is_static.push_back(body.fixed_base);
    }
    builder.AddCollisions(source, link.collisions);
    builder.AddVisuals(source, static_cast<int>(body.links.size()) - 1, is_static.back());
    body.links.push_back(std::move(link));
  }
  return body;
}

}  // namespace deerbench
