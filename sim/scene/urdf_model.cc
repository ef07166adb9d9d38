#include "sim/scene/urdf_model.h"

#include <fmt/format.h>
#include <tinyxml2.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "sim/scene/xml_element.h"

namespace deerbench {
namespace {

constexpr uint64_t kMaxFileBytes = 16ull << 20;
constexpr double kFarthestOrigin_m = 1e6;
constexpr size_t kMaxLinks = 1024;
constexpr size_t kMaxShapes = 4096;  // visuals and collisions of one file

class UrdfParser {
 public:
  UrdfParser(const std::filesystem::path& file, double scaling)
      : path_(file), file_(file.string()), scaling_(scaling) {}

  UrdfModel Parse();

 private:
  Pose ParseOrigin(const XmlElement& parent) const;
  UrdfGeometry ParseGeometry(const XmlElement& shape_parent) const;
  UrdfMaterial ParseMaterial(const XmlElement& element) const;
  ContactProperties ParseContact(const XmlElement& contact) const;
  UrdfLink ParseLink(const XmlElement& element);
  UrdfJoint ParseJoint(const XmlElement& element) const;
  void ParseInertial(const XmlElement& element, LinkDescription& link) const;
  void ParseLimits(const XmlElement& element, JointDescription& joint) const;
  std::filesystem::path FindFile(const XmlElement& element, const std::string& name) const;
  double PositiveLength(const XmlElement& element, const char* attribute) const;

  std::filesystem::path path_;
  std::string file_;
  double scaling_;
  UrdfModel model_;
  size_t num_shapes_ = 0;
};

// PyBullet's conversion, operation by operation (UrdfParser.cpp: parseTransform): link frames and with them
// contacts depend on its rounding.
Quat RotationFromRpy(const Vec3& rpy) {
  const double phi = rpy.x / 2, the = rpy.y / 2, psi = rpy.z / 2;
  const double sr = std::sin(phi), cr = std::cos(phi), sp = std::sin(the), cp = std::cos(the),
               sy = std::sin(psi), cy = std::cos(psi);
  const Quat q{sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy,
               cr * cp * cy + sr * sp * sy};
  const double inverse = 1.0 / std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w);
  return {q.x * inverse, q.y * inverse, q.z * inverse, q.w * inverse};
}

Pose UrdfParser::ParseOrigin(const XmlElement& parent) const {
  const auto origin = parent.Child("origin");
  if (!origin) return {};
  Pose pose;
  if (const auto xyz = origin->Vector("xyz")) {
    pose.p = *xyz * scaling_;
    const double farthest = std::max({std::abs(pose.p.x), std::abs(pose.p.y), std::abs(pose.p.z)});
    if (!(farthest <= kFarthestOrigin_m))
      origin->Bad(fmt::format("xyz='{} {} {}', expected at most 1e6 m each", xyz->x, xyz->y, xyz->z));
  }
  if (const auto rpy = origin->Vector("rpy")) pose.q = RotationFromRpy(*rpy);
  return pose;
}

double UrdfParser::PositiveLength(const XmlElement& element, const char* attribute) const {
  const double value = element.RequireNumber(attribute);
  if (!(value > 0 && value < 1e6))
    element.Bad(fmt::format("{}='{}', expected more than 0 m", attribute, value));
  return scaling_ * value;
}

// Relative to the URDF's folder or one of its parents, as in PyBullet.
std::filesystem::path UrdfParser::FindFile(const XmlElement& element, const std::string& name) const {
  std::string_view relative = name;
  for (const std::string_view scheme : {"file://", "package://", "model://"})
    if (relative.starts_with(scheme)) relative.remove_prefix(scheme.size());
  std::filesystem::path folder = path_.parent_path();
  std::error_code error;
  while (!relative.empty()) {
    const auto candidate = folder / relative;
    if (std::filesystem::is_regular_file(candidate, error)) return candidate;
    if (folder.empty() || folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  element.Bad(
      fmt::format("no file '{:.200}' in {} or a folder above it", name, path_.parent_path().string()));
}

UrdfGeometry UrdfParser::ParseGeometry(const XmlElement& shape_parent) const {
  const auto shape = shape_parent.RequireChild("geometry").FirstChild();
  if (!shape) shape_parent.Bad("empty <geometry>, expected box, sphere, cylinder, capsule or mesh");
  UrdfGeometry geometry;
  if (shape->tag() == "box") {
    const auto size = shape->Vector("size");
    if (!size) shape->Bad("no attribute 'size', expected three numbers");
    if (!(size->x > 0 && size->y > 0 && size->z > 0 && std::max({size->x, size->y, size->z}) < 1e6))
      shape->Bad(fmt::format("size='{} {} {}', expected more than 0 m", size->x, size->y, size->z));
    geometry.size = *size * scaling_;
  } else if (shape->tag() == "sphere") {
    geometry.kind = UrdfGeometry::Kind::kSphere;
    geometry.radius = PositiveLength(*shape, "radius");
  } else if (shape->tag() == "cylinder" || shape->tag() == "capsule") {
    geometry.kind = shape->tag() == "cylinder" ? UrdfGeometry::Kind::kCylinder : UrdfGeometry::Kind::kCapsule;
    geometry.radius = PositiveLength(*shape, "radius");
    geometry.length = PositiveLength(*shape, "length");
  } else if (shape->tag() == "mesh") {
    geometry.kind = UrdfGeometry::Kind::kMesh;
    geometry.mesh = FindFile(*shape, shape->RequireAttribute("filename"));
    const Vec3 scale = shape->Vector("scale").value_or(Vec3{1, 1, 1});
    if (scale.x == 0 || scale.y == 0 || scale.z == 0 || std::abs(Dot(scale, scale)) > 1e12)
      shape->Bad(fmt::format("scale='{} {} {}', expected numbers other than 0", scale.x, scale.y, scale.z));
    geometry.mesh_scale = scale * scaling_;
  } else {
    shape->Bad("unknown geometry, expected box, sphere, cylinder, capsule or mesh");
  }
  geometry.where = fmt::format("{} line {} <{}>", file_, shape->line(), shape_parent.tag());
  return geometry;
}

UrdfMaterial UrdfParser::ParseMaterial(const XmlElement& element) const {
  UrdfMaterial material;
  if (const auto color = element.Child("color")) {
    if (const auto rgba = color->Vector4("rgba")) {
      for (size_t i = 0; i < 4; ++i) {
        if (!((*rgba)[i] >= 0 && (*rgba)[i] <= 1))
          color->Bad(fmt::format("rgba has {}, expected 0 to 1", (*rgba)[i]));
        material.rgba[i] = static_cast<float>((*rgba)[i]);
      }
    }
  }
  if (const auto specular = element.Child("specular")) {
    if (const auto rgb = specular->Vector("rgb")) {
      const double mean = (rgb->x + rgb->y + rgb->z) / 3;
      if (!(mean >= 0 && mean <= 1)) specular->Bad(fmt::format("rgb has mean {}, expected 0 to 1", mean));
      material.specular = static_cast<float>(mean);
    }
  }
  if (const auto texture = element.Child("texture"))
    material.texture = FindFile(*texture, texture->RequireAttribute("filename"));
  return material;
}

ContactProperties UrdfParser::ParseContact(const XmlElement& contact) const {
  const auto value = [&](const char* tag) -> std::optional<double> {
    const auto child = contact.Child(tag);
    if (!child) return std::nullopt;
    const double number = child->RequireNumber("value");
    if (number < 0) child->Bad(fmt::format("value='{}', expected at least 0", number));
    return number;
  };
  ContactProperties out;
  out.lateral_friction = value("lateral_friction").value_or(out.lateral_friction);
  out.spinning_friction = value("spinning_friction").value_or(out.spinning_friction);
  out.rolling_friction = value("rolling_friction").value_or(out.rolling_friction);
  out.restitution = value("restitution").value_or(out.restitution);
  out.friction_anchor = contact.Child("friction_anchor").has_value();
  const auto stiffness = value("stiffness"), damping = value("damping");
  if (stiffness || damping) {  // one of them brings PyBullet's default of the other
    out.stiffness = stiffness.value_or(1e4);
    out.damping = damping.value_or(1);
  }
  return out;
}

void UrdfParser::ParseInertial(const XmlElement& element, LinkDescription& link) const {
  link.X_LI = ParseOrigin(element);
  const XmlElement mass = element.RequireChild("mass");
  link.mass = mass.RequireNumber("value");
  if (link.mass < 0) mass.Bad(fmt::format("value='{}', expected at least 0 kg", link.mass));
  if (const auto inertia = element.Child("inertia")) {
    link.file_inertia_diagonal = {inertia->RequireNumber("ixx"), inertia->RequireNumber("iyy"),
                                  inertia->RequireNumber("izz")};
  }
}

UrdfLink UrdfParser::ParseLink(const XmlElement& element) {
  UrdfLink link;
  link.description.name = element.RequireAttribute("name");
  if (const auto contact = element.Child("contact")) link.description.contact = ParseContact(*contact);
  if (const auto inertial = element.Child("inertial")) {
    ParseInertial(*inertial, link.description);
  } else if (link.description.name != "world") {
    // PyBullet's defaults for a link without <inertial>.
    link.description.mass = 1;
    link.description.file_inertia_diagonal = {1, 1, 1};
  }
  for (auto visual = element.Child("visual"); visual; visual = visual->NextSame(), ++num_shapes_) {
    UrdfVisual& out = link.visuals.emplace_back(UrdfVisual{ParseOrigin(*visual), ParseGeometry(*visual), {}});
    const auto material = visual->Child("material");
    if (!material) continue;
    out.material = material->RequireAttribute("name");
    if (material->Child("color") || material->Child("texture"))
      model_.materials[out.material] = ParseMaterial(*material);
  }
  for (auto collision = element.Child("collision"); collision;
       collision = collision->NextSame(), ++num_shapes_)
    link.collisions.push_back(
        {ParseOrigin(*collision), ParseGeometry(*collision),
         collision->Attribute("concave").has_value()});  // whatever its value, as PyBullet
  if (num_shapes_ > kMaxShapes) element.Bad(fmt::format("more than {} shapes in the file", kMaxShapes));
  return link;
}

void UrdfParser::ParseLimits(const XmlElement& element, JointDescription& joint) const {
  joint.lower = element.Number("lower").value_or(joint.lower);
  joint.upper = element.Number("upper").value_or(joint.upper);
  if (joint.type == JointDescription::Type::kPrismatic) {
    joint.lower *= scaling_;
    joint.upper *= scaling_;
  }
  joint.effort = element.Number("effort").value_or(0);
  joint.velocity = element.Number("velocity").value_or(0);
}

UrdfJoint UrdfParser::ParseJoint(const XmlElement& element) const {
  using Type = JointDescription::Type;
  static const std::map<std::string, Type> kTypes = {{"fixed", Type::kFixed},
                                                     {"revolute", Type::kRevolute},
                                                     {"continuous", Type::kContinuous},
                                                     {"prismatic", Type::kPrismatic}};
  UrdfJoint joint;
  joint.line = element.line();
  JointDescription& out = joint.description;
  out.name = element.RequireAttribute("name");
  const std::string type = element.RequireAttribute("type");
  const auto found = kTypes.find(type);
  if (found == kTypes.end())
    element.Bad(fmt::format("type='{:.40}', expected fixed, revolute, continuous or prismatic", type));
  out.type = found->second;
  out.X_PJ = ParseOrigin(element);
  joint.parent = element.RequireChild("parent").RequireAttribute("link");
  joint.child = element.RequireChild("child").RequireAttribute("link");
  const auto axis = element.Child("axis");
  out.axis = axis ? axis->Vector("xyz").value_or(Vec3{1, 0, 0}) : Vec3{1, 0, 0};  // URDF's default
  if (out.type == Type::kFixed) {
    out.axis = {0, 0, 0};
  } else if (!(Norm(out.axis) > 1e-6 && Norm(out.axis) < 1e6)) {
    element.Bad(fmt::format("axis of length {}, expected 1", Norm(out.axis)));
  }
  const auto limit = element.Child("limit");
  if (limit) ParseLimits(*limit, out);
  if (!limit && (out.type == Type::kRevolute || out.type == Type::kPrismatic))
    element.Bad(fmt::format("{} joint without <limit>, expected one", type));
  if (const auto dynamics = element.Child("dynamics")) {
    out.damping = dynamics->Number("damping").value_or(0);
    out.friction = dynamics->Number("friction").value_or(0);
  }
  return joint;
}

UrdfModel UrdfParser::Parse() {
  const std::string text = ReadFile(path_, kMaxFileBytes);
  tinyxml2::XMLDocument document;
  if (document.Parse(text.data(), text.size()) != tinyxml2::XML_SUCCESS)
    Fail(fmt::format("{} line {}: not well-formed XML ({})", file_, document.ErrorLineNum(),
                     tinyxml2::XMLDocument::ErrorIDToName(document.ErrorID())));
  const tinyxml2::XMLElement* root = document.FirstChildElement("robot");
  if (!root) Fail(fmt::format("{}: no <robot> at the top, expected a URDF file", file_));
  const XmlElement robot(root, &file_);
  model_.name = robot.RequireAttribute("name");
  for (auto material = robot.Child("material"); material; material = material->NextSame())
    model_.materials.emplace(material->RequireAttribute("name"), ParseMaterial(*material));
  std::set<std::string> names;
  for (auto link = robot.Child("link"); link; link = link->NextSame()) {
    model_.links.push_back(ParseLink(*link));
    if (!names.insert(model_.links.back().description.name).second) link->Bad("second link of this name");
    if (model_.links.size() > kMaxLinks) link->Bad(fmt::format("more than {} links", kMaxLinks));
  }
  if (model_.links.empty()) robot.Bad("no <link>, expected at least one");
  names.clear();
  for (auto joint = robot.Child("joint"); joint; joint = joint->NextSame()) {
    model_.joints.push_back(ParseJoint(*joint));
    if (!names.insert(model_.joints.back().description.name).second) joint->Bad("second joint of this name");
    if (model_.joints.size() > kMaxLinks) joint->Bad(fmt::format("more than {} joints", kMaxLinks));
  }
  return std::move(model_);
}

}  // namespace

UrdfModel ParseUrdf(const std::filesystem::path& file, double global_scaling) {
  if (!(global_scaling > 0 && global_scaling < 1e6))
    Fail(fmt::format("{}: global scaling {}, expected more than 0", file.string(), global_scaling));
  return UrdfParser(file, global_scaling).Parse();
}

}  // namespace deerbench
