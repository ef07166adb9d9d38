#include "tests/expert/trace.h"

#include <fmt/format.h>

#include "sim/expert/view.h"

namespace deerbench::test {

std::string TraceLine(const World& world, const std::array<Vec3, 3>& half_extents, const RelativeAction& a,
                      int step) {
  const expert::View v = expert::Look(world, half_extents);
  std::string line = fmt::format(
      "{:3d} tcp {:.3f} {:.3f} {:.3f} eul {:.2f} {:.2f} {:.2f} tgt {:.3f} {:.3f} {:.3f} w {:.3f} g {:.0f} | "
      "a {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.0f} | q {:.3f} {:.3f} {:.3f} {:.3f}",
      step, v.tcp.x, v.tcp.y, v.tcp.z, v.tcp_euler.x, v.tcp_euler.y, v.tcp_euler.z, v.target.x, v.target.y,
      v.target.z, v.gripper_width, v.gripper_action, a[0], a[1], a[2], a[3], a[4], a[5], a[6], v.slide,
      v.drawer, v.button, v.toggle);
  for (const auto& b : v.blocks) {
    line += fmt::format(" [{:.3f} {:.3f} {:.3f} y{:.2f} {}{}{}{}]", b.p.x, b.p.y, b.p.z, ToEuler(b.q).z,
                        b.on ? "tsd"[static_cast<int>(*b.on)] : '-', b.on_block ? "b" : "",
                        b.gripped ? "G" : "", b.touched ? "T" : "");
  }
  for (const auto& c : world.Info().robot.contacts)
    line += fmt::format(" ({}>{}:{})", c.own_link, c.other_body, c.other_link);
  return line + "\n";
}

}  // namespace deerbench::test
