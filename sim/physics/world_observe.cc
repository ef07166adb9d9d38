// What is seen of a world.
#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/physics/bullet_types.h"
#include "sim/physics/world_impl.h"

namespace deerbench {

BlockState World::Impl::Block(size_t color) const {
  const btMultiBody& body = bullet->body(scene.description().block_bodies[color]);
  return {FromBullet(body.getBasePos()), FromBullet(body.getWorldToBaseRot().inverse()),
          FromBullet(body.getBaseVel()), FromBullet(body.getBaseOmega())};
}

// PyBullet turns the orientation into a matrix and back before it reports it, which moves its last bits.
BlockState World::Impl::ObservedBlock(size_t color) const {
  BlockState block = Block(color);
  block.orientation = FromBullet(btTransform(ToBullet(block.orientation)).getRotation());
  return block;
}

// One entry a contact point, in the order of PyBullet's getContactPoints(bodyA=body).
std::vector<ContactInfo> World::Impl::Contacts(int body) const {
  std::vector<ContactInfo> contacts;
  const btCollisionDispatcher& dispatcher = bullet->dispatcher();
  for (int i = 0; i < dispatcher.getNumManifolds(); ++i) {
    const btPersistentManifold& manifold = *dispatcher.getManifoldByIndexInternal(i);
    const auto* a = btMultiBodyLinkCollider::upcast(manifold.getBody0());
    const auto* b = btMultiBodyLinkCollider::upcast(manifold.getBody1());
    if (b->m_multiBody->getUserIndex2() == body && a->m_multiBody->getUserIndex2() != body) std::swap(a, b);
    if (a->m_multiBody->getUserIndex2() != body) continue;
    contacts.insert(contacts.end(), static_cast<size_t>(manifold.getNumContacts()),
                    {b->m_multiBody->getUserIndex2(), a->m_link, b->m_link});
  }
  return contacts;
}

RobotObs World::robot_obs() const {
  const Impl& w = *impl_;
  const Vec3 &p = w.memory.X_WTcp.p, euler = ToEuler(w.memory.X_WTcp.q);
  RobotObs obs = {p.x, p.y, p.z, euler.x, euler.y, euler.z, w.Finger(0) + w.Finger(1)};
  const ArmJoints q = w.ArmPositions();
  std::copy(q.begin(), q.end(), obs.begin() + 7);
  obs[14] = w.memory.gripper_action;
  return obs;
}

SceneObs World::scene_obs() const {
  const Impl& w = *impl_;
  SceneObs obs = {w.Table(w.table.slide_link),       w.Table(w.table.drawer_link),
                  w.Table(w.table.button_link),      w.Table(w.table.switch_link),
                  w.memory.lightbulb_on ? 1.0 : 0.0, w.memory.led_on ? 1.0 : 0.0};
  for (size_t slot = 0; slot < 3; ++slot) {
    const BlockState block = w.ObservedBlock(w.scene.slot_color(slot));
    const Vec3 euler = ToEuler(block.orientation);
    const double values[] = {block.position.x, block.position.y, block.position.z, euler.x, euler.y, euler.z};
    std::copy(std::begin(values), std::end(values), obs.begin() + static_cast<std::ptrdiff_t>(6 + 6 * slot));
  }
  return obs;
}

SceneInfo World::Info() const {
  const Impl& w = *impl_;
  SceneInfo info;
  info.robot.uid = w.robot.body;
  info.robot.tcp_position = w.memory.X_WTcp.p;
  info.robot.tcp_euler = ToEuler(w.memory.X_WTcp.q);
  info.robot.gripper_width = w.Finger(0) + w.Finger(1);
  info.robot.arm_joints = w.ArmPositions();
  info.robot.gripper_action = w.memory.gripper_action;
  info.robot.contacts = w.Contacts(w.robot.body);
  for (size_t color = 0; color < 3; ++color) {
    const BlockState block = w.ObservedBlock(color);
    info.blocks[color] = {.uid = w.scene.description().block_bodies[color],
                          .position = block.position,
                          .orientation = block.orientation,
                          .linear_velocity = block.linear_velocity,
                          .angular_velocity = block.angular_velocity,
                          .contacts = w.Contacts(w.scene.description().block_bodies[color])};
  }
  info.table = {.uid = w.table.body,
                .base_link = w.table.base_link,
                .plank_link = w.table.plank_link,
                .drawer_link = w.table.drawer_link,
                .slide_link = w.table.slide_link,
                .button_link = w.table.button_link,
                .switch_link = w.table.switch_link,
                .light_link = w.table.light_link,
                .led_link = w.table.led_link};
  info.slide_m = w.Table(w.table.slide_link);
  info.drawer_m = w.Table(w.table.drawer_link);
  info.button_m = w.Table(w.table.button_link);
  info.switch_m = w.Table(w.table.switch_link);
  info.lightbulb_on = w.memory.lightbulb_on;
  info.led_on = w.memory.led_on;
  return info;
}

SceneState World::scene_state() const {
  const Impl& w = *impl_;
  SceneState state;
  state.lightbulb_on = w.memory.lightbulb_on;
  state.led_on = w.memory.led_on;
  for (int b = 0; b < w.bullet->body_count(); ++b) {
    const BodyBlueprint& body = w.scene.body(b);
    for (int link = -1; link < body.link_count(); ++link)
      state.X_WL.push_back(
          FromBullet(w.bullet->collider(b, link).getWorldTransform() * body.link(link).X_IL));
  }
  return state;
}

Pose World::X_WTcp() const { return impl_->memory.X_WTcp; }
Pose World::X_WGripperCamera() const { return impl_->memory.X_WGripperCamera; }
Vec3 World::target_position() const { return impl_->memory.target_position; }
Vec3 World::target_euler() const { return impl_->memory.target_euler; }

}  // namespace deerbench
