#include "sim/physics/body_blueprint.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "sim/physics/bullet_types.h"

namespace deerbench {
namespace {

using JointType = JointDescription::Type;

// The rule of PyBullet's importer, which stops looking at link 0.
bool IsStatic(const std::vector<LinkBlueprint>& links, size_t index) {
  if (links[0].mass_kg != 0) return false;
  if (index == 0) return true;
  int number = static_cast<int>(index) - 1;
  do {
    const LinkBlueprint& link = links[static_cast<size_t>(number + 1)];
    if (link.joint != JointType::kFixed) return false;
    number = link.parent;
  } while (number > 0);
  return true;
}

// Offsets of the joint as btMultiBody wants them, by the arithmetic of URDF2Bullet.cpp.
void PlaceJoint(const LinkDescription& description, const LinkBlueprint& parent, LinkBlueprint& link) {
  const btTransform X_PJ = ToBullet(description.joint.X_PJ);
  const btTransform offset_in_a = parent.X_LI.inverse() * X_PJ;
  const btTransform offset_in_b = link.X_LI.inverse();
  link.X_WL_start = parent.X_WL_start * X_PJ;
  link.rot_parent_to_this = offset_in_b.getRotation() * offset_in_a.inverse().getRotation();
  link.axis_I = quatRotate(offset_in_b.getRotation(), ToBullet(description.joint.axis));
  link.p_PiJ_Pi = offset_in_a.getOrigin();
  link.p_JI_I = -offset_in_b.getOrigin();
}

}  // namespace

BodyBlueprint::BodyBlueprint(const BodyDescription& description) : may_sleep_(description.may_sleep) {
  const auto where = [&](const LinkDescription& link) {
    return fmt::format("{} link '{}'", description.file.empty() ? description.name : description.file,
                       link.name);
  };
  Require(!description.links.empty(), fmt::format("body '{}' has no links", description.name));
  links_.reserve(description.links.size());
  for (size_t i = 0; i < description.links.size(); ++i) {
    const LinkDescription& source = description.links[i];
    const bool is_base = i == 0;
    if (!is_base && (source.parent < 0 || source.parent >= static_cast<int>(i)))
      Fail(fmt::format("{}: parent {}, expected a link before it", where(source), source.parent));
    if (!(source.mass >= 0))
      Fail(fmt::format("{}: mass {}, expected at least 0", where(source), source.mass));

    LinkBlueprint link(source);
    link.mass_kg = is_base && description.fixed_base ? 0 : source.mass;
    link.X_LI = ToBullet(source.X_LI);
    link.X_IL = link.X_LI.inverse();
    link.contact = source.contact;
    link.inertia = link.shape.Inertia(link.mass_kg);
    if (is_base) {
      link.X_WL_start = ToBullet(description.X_WB);
    } else {
      link.joint = source.joint.type;
      link.parent = source.parent - 1;
      link.damping = source.joint.damping;
      link.friction = source.joint.friction;
      const bool limited = link.joint == JointType::kRevolute || link.joint == JointType::kPrismatic;
      link.lower = limited ? source.joint.lower : 0;
      link.upper = limited ? source.joint.upper : -1;
      if (link.joint != JointType::kFixed && !(Norm(source.joint.axis) > 0))
        Fail(
            fmt::format("{}: joint '{}' has axis 0, expected a direction", where(source), source.joint.name));
      PlaceJoint(source, links_[static_cast<size_t>(source.parent)], link);
    }
    links_.push_back(std::move(link));
    links_.back().is_static = IsStatic(links_, i);
  }
}

}  // namespace deerbench
