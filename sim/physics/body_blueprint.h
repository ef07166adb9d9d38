// What every btMultiBody of one body has in common, worked out once.
#pragma once

#include <LinearMath/btQuaternion.h>
#include <LinearMath/btTransform.h>

#include <vector>

#include "sim/physics/link_shape.h"
#include "sim/scene/description.h"

namespace deerbench {

// Frames: P parent link, L link (joint), I inertial frame of a link, the one Bullet works in.
struct LinkBlueprint {
  explicit LinkBlueprint(const LinkDescription& description) : shape(description) {}

  LinkShape shape;
  double mass_kg = 0;
  btVector3 inertia = {0, 0, 0};  // principal moments in I
  btTransform X_LI;
  btTransform X_IL;
  btTransform X_WL_start;  // at joint positions zero
  ContactProperties contact;
  bool is_static = false;  // not moved by anything: contacts with it do not join islands

  // Joint to the parent; unused for the base. Link numbers are PyBullet's, the base is -1.
  JointDescription::Type joint = JointDescription::Type::kFixed;
  int parent = -1;
  btQuaternion rot_parent_to_this = btQuaternion::getIdentity();  // of the inertial frames
  btVector3 axis_I = {0, 0, 1};
  btVector3 p_PiJ_Pi = {0, 0, 0};  // joint from the parent's centre of mass, in the parent's inertial frame
  btVector3 p_JI_I = {0, 0, 0};    // centre of mass from the joint, in the link's inertial frame
  double lower = 0, upper = -1;    // lower > upper: no limits
  double damping = 0, friction = 0;
};

class BodyBlueprint {
 public:
  // Throws Error naming file and link for a body Bullet cannot take.
  explicit BodyBlueprint(const BodyDescription& description);

  // links()[0] is the base, links()[i + 1] the link with number i.
  const std::vector<LinkBlueprint>& links() const { return links_; }
  const LinkBlueprint& link(int number) const { return links_[static_cast<size_t>(number + 1)]; }
  int link_count() const { return static_cast<int>(links_.size()) - 1; }
  bool may_sleep() const { return may_sleep_; }
  bool fixed_base() const { return links_[0].mass_kg == 0; }
  const btTransform& X_WB() const { return links_[0].X_WL_start; }

 private:
  std::vector<LinkBlueprint> links_;
  bool may_sleep_ = false;
};

}  // namespace deerbench
