// Putting a held block somewhere: shelf, drawer, another block, a free spot of the table.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "sim/expert/grasp.h"
#include "sim/expert/skill.h"

namespace deerbench::expert {
namespace {

// Angle between the vertical and the block's axis closest to it.
double Slant(const Quat& q) {
  const std::array<double, 9> r = ToMatrix(q);
  return std::acos(std::min(1.0, std::max({std::abs(r[6]), std::abs(r[7]), std::abs(r[8])})));
}

// The pitch at which the held block is level again. Leaning fingers took it lying flat: upright they would
// hold it aslant.
double LevelPitch(const View& view, int block, double yaw) {
  constexpr double kMostLean_rad = 1.0, kStep_rad = 0.1, kLeanCost = 0.1;
  const Quat in_hand = Conjugate(FromEuler(view.tcp_euler)) * view.blocks[block].q;
  double best = 0, best_cost = 1e9;
  for (int i = 0; i * kStep_rad <= kMostLean_rad; ++i) {
    const double pitch = -i * kStep_rad;
    const double cost =
        Slant(FromEuler({std::numbers::pi, pitch, yaw}) * in_hand) + kLeanCost * std::abs(pitch);
    if (cost < best_cost) {
      best_cost = cost;
      best = pitch;
    }
  }
  return best;
}

// Carries the held block over `spot` (its centre when put down), lowers it, lets go and rises.
ToolGoal PutDown(const View& view, int block, const Vec3& spot, double clearance_z, double yaw) {
  const Vec3 in_hand = view.blocks[block].p - view.tcp;  // the grip need not be central
  ToolGoal goal{.p = spot - in_hand, .yaw = yaw, .pitch = LevelPitch(view, block, yaw), .open = false};
  Approach approach =
      ApproachFromAbove(view, goal, clearance_z, {.off_m = 0.010, .turn_rad = 0.15, .height_m = 0.008});
  if (approach.over && view.tcp.z < goal.p.z + 0.06) approach.goal.speed = 0.5;
  if (approach.arrived) approach.goal.open = true;
  return approach.goal;
}

// Likewise onto the shelf, through the open front of a compartment: the hand stays outside.
ToolGoal PutOnShelf(const View& view, int block, const Vec3& spot) {
  constexpr double kPitch_rad = -0.6, kBack_m = 0.10, kOverHandle_m = 0.62;
  const Vec3 in_hand = view.blocks[block].p - view.tcp;
  Reach reach =
      ReachAlong(view, {.p = spot - in_hand, .yaw = kYawHome_rad, .pitch = kPitch_rad, .open = false},
                 kBack_m, kOverHandle_m);
  if (reach.left_m < 0.05) reach.goal.speed = 0.4;
  if (reach.left_m < 0.006) reach.goal.open = true;
  return reach.goal;
}

// After letting go: back the way the fingers point, open.
ToolGoal Rise(const View& view) {
  const Vec3 ahead = PointingDirection(view.tcp_euler.z, view.tcp_euler.y);
  return {.p = view.tcp - (view.tcp.z < kTableClearance_m ? 0.05 : 0.0) * ahead,
          .yaw = view.target_euler.z,
          .pitch = view.target_euler.y,
          .open = true,
          .speed = 0.8};
}

// A width of x between `low` and `high` that no block in `view` but `except` (on the same strip of y)
// occupies, closest to `wanted`. Nothing if there is none.
std::optional<double> FreeX(const View& view, int except, double low, double high, double y, double z,
                            double wanted) {
  constexpr double kRoom = 0.075;
  std::optional<double> best;
  for (double x = low; x <= high + 1e-9; x += 0.01) {
    bool free = true;
    for (int i = 0; i < 3; ++i) {
      const Vec3& p = view.blocks[i].p;
      if (i != except && std::abs(p.x - x) < kRoom && std::abs(p.y - y) < 0.08 && std::abs(p.z - z) < 0.06)
        free = false;
    }
    if (free && (!best || std::abs(x - wanted) < std::abs(*best - wanted))) best = x;
  }
  return best;
}

// Where on the shelf a block in the hand finds most room: beside the slider, between walls and other blocks.
std::optional<double> FreeShelf(const View& view, int held) {
  constexpr double kShelfHalf_m = 0.26, kPanel_m = 0.28, kHandHalf_m = 0.1, kBeside_m = 0.04,
                   kLeastBeside_m = 0.012, kWallCost_m = 0.03;
  const double middle = view.X_WPlank.p.x, half = HalfExtent(view.blocks[held], 0);
  const double door_left = view.X_WSlide.p.x, door_right = door_left + kPanel_m;
  std::optional<double> best;
  double best_room = -1e9;
  for (double x = middle - kShelfHalf_m; x <= middle + kShelfHalf_m; x += 0.005) {
    const double open =
        std::min(kShelfHalf_m - std::abs(x - middle), std::max(door_left - x, x - door_right));
    if (open < half) continue;
    // The hand finds room in the middle of an opening; another block can be moved aside by a little.
    const double wall =
        kShelfHalf_m - std::abs(x - middle) - kWallCost_m;  // the door gives way, walls do not
    double room = std::min({open, wall, kHandHalf_m});
    for (int i = 0; i < 3; ++i) {
      const BlockView& other = view.blocks[i];
      if (i == held || other.p.y < 0.0 || other.p.z < kShelfTop_m) continue;
      const double gap = std::abs(x - other.p.x) - HalfExtent(other, 0) - half;
      room -= 0.7 * std::max(kBeside_m - gap, 0.0) + 10 * std::max(kLeastBeside_m - gap, 0.0);
    }
    if (room > best_room) {
      best_room = room;
      best = x;
    }
  }
  return best;
}

class PlaceSkill : public Skill {
 public:
  PlaceSkill(const Task& task, const View& start) : surface_(*task.surface), held_(InHand(start)) {}

  Move Next(const View& view) override {
    if (!held_) return Stuck("no block is held");
    if (view.Held() != held_) return {Rise(view), ""};
    const BlockView& block = view.blocks[*held_];
    if (surface_ == Surface::kDrawer) {
      if (view.drawer < 0.1)
        return Stuck(fmt::format("the drawer is open by {:.2f} m, too little to take a block", view.drawer));
      return {DropIntoDrawer(view, *held_), ""};
    }
    const std::optional<double> x = FreeShelf(view, *held_);
    if (!x) return Stuck(fmt::format("with the slider at {:.2f} m the shelf has no room left", view.slide));
    return {PutOnShelf(view, *held_, {*x, 0.082, kShelfTop_m + HalfHeight(block) + 0.004}), ""};
  }
  bool Handles(int block) const override { return block == held_; }

 private:
  Surface surface_;
  std::optional<int> held_;
};

// Beside the robot's base the arm cannot fold enough to lean.
bool NearBase(const Vec3& p) {
  constexpr double kBase_x = -0.34, kBase_y = -0.46, kNear_m = 0.42;
  return std::hypot(p.x - kBase_x, p.y - kBase_y) < kNear_m;
}

class StackSkill : public Skill {
 public:
  explicit StackSkill(const View& start) : top_(InHand(start)) { Choose(start); }

  Move Next(const View& view) override {
    if (!top_ || !base_) return Stuck("there are not two blocks of which one can be put on the other");
    const BlockView& base = view.blocks[*base_];
    const BlockView& top = view.blocks[*top_];
    if (view.Held() == top_) {
      lifted_ = lifted_ || !top.on;
      const Vec3 spot{base.p.x, base.p.y, base.p.z + HalfHeight(base) + HalfHeight(top) + 0.003};
      const double clearance = std::max(ClearanceAt(base.p), spot.z + 0.10);
      // Turned as it comes: cubes need not stand square, and whoever learns from this hardly sees how the
      // lower one is turned under the hand.
      const bool level = LevelPitch(view, *top_, kYawHome_rad) == 0;
      if (!level && NearBase(base.p)) {  // put it down where there is room, to take it from above
        const double z = kTableTop_m + HalfHeight(top) + 0.004, y = -0.11;
        const auto x = FreeX(view, *top_, 0.0, 0.2, y, z, 0.1);
        return {PutDown(view, *top_, {x.value_or(0.1), y, z}, kTableClearance_m, kYawHome_rad), ""};
      }
      const double yaw = level ? view.target_euler.z : kYawHome_rad;
      return {PutDown(view, *top_, spot, clearance, yaw), ""};
    }
    if (top.on_block || (lifted_ && top.touched && !top.on)) return {Rise(view), ""};
    const std::optional<Grasp> grasp = PlanGrasp(view, *top_);
    if (!grasp) return Stuck("the block to stack cannot be gripped as it lies");
    return {TakeHold(view, *top_, *grasp).goal, ""};
  }
  bool Handles(int block) const override { return block == top_; }

 private:
  void Choose(const View& view) {
    const auto free_top = [&](int i) {
      for (int j = 0; j < 3; ++j) {
        const Vec3 d = view.blocks[j].p - view.blocks[i].p;
        if (j != i && std::hypot(d.x, d.y) < 0.04 && d.z > 0.02) return false;
      }
      return true;
    };
    double best = 1e9;
    for (int t = 0; t < 3; ++t) {
      if (top_ ? t != *top_ : !view.blocks[t].on || view.blocks[t].on_block || !free_top(t)) continue;
      for (int b = 0; b < 3; ++b) {
        const BlockView& base = view.blocks[b];
        if (b == t || !base.on || !free_top(b)) continue;
        // Wide, low bases on the open table are the easiest.
        const double cost = (base.on == Surface::kTable ? 0 : 1) + HalfHeight(base) - base.half_extents.x +
                            (view.blocks[t].on == Surface::kTable ? 0 : 0.5) +
                            0.1 * view.blocks[t].half_extents.x;
        if (cost < best) {
          best = cost;
          pending_top_ = t;
          base_ = b;
        }
      }
    }
    if (base_) top_ = pending_top_;
  }

  std::optional<int> top_, base_;
  int pending_top_ = 0;
  bool lifted_ = false;
};

// Pushes the upper block off, so that it lies on the table when the task is done: lifting it would end the
// task with the block in the hand.
class UnstackSkill : public Skill {
 public:
  explicit UnstackSkill(const View& start) {
    for (int i = 0; i < 3; ++i) {
      if (start.blocks[i].on_block && !start.blocks[i].on) top_ = i;
    }
    for (int i = 0; i < 3 && !top_; ++i) {
      if (start.blocks[i].on_block) top_ = i;
    }
    if (!top_) return;
    const Vec3& p = start.blocks[*top_].p;
    double nearest = 1e9;
    for (int i = 0; i < 3; ++i) {
      const Vec3 d = start.blocks[i].p - p;
      if (i != *top_ && d.z < -0.015 && std::hypot(d.x, d.y) < nearest) {
        nearest = std::hypot(d.x, d.y);
        base_ = i;
      }
    }
    if (base_ && start.blocks[*base_].on == Surface::kTable) {
      side_ = RoomBeside(start, 1) > RoomBeside(start, -1) ? 1 : -1;
    }
  }

  Move Next(const View& view) override {
    if (!top_) return Stuck("no block lies on another");
    const BlockView& top = view.blocks[*top_];
    if (side_ != 0 && top.on_block) {
      const BlockView& base = view.blocks[*base_];
      const double beside = base.p.x + side_ * (HalfExtent(base, 0) + HalfExtent(top, 0) + 0.05);
      ToolGoal goal =
          PushBlock(view, *top_, {side_ * 1.0, 0, 0}, {beside, base.p.y, 0}, base.p.z + HalfHeight(base));
      // It is brought to the brink slowly and left alone once it tips: thrown off it would still be in the
      // air when it counts as taken off, tipping by itself it slides down the side of the lower block. What
      // is pushed or lifted next has to lie on the table.
      constexpr double kTips_rad = 0.15, kEdge_m = 0.004;
      const bool over = side_ * (top.p.x - base.p.x) > HalfExtent(base, 0) - kEdge_m;
      goal.speed = top.touched ? 0.25 : 0.4;
      if (over && Slant(top.q) > kTips_rad) {
        goal.p = view.tcp + Vec3{-0.03 * side_, 0, 0.02};
        goal.speed = 1;
      }
      return {goal, ""};
    }
    if (view.Held() == top_) {
      const double y = -0.10, z = kTableTop_m + HalfHeight(top) + 0.004;
      const auto x = FreeX(view, *top_, 0.0, 0.34, y, z, top.p.x);
      return {PutDown(view, *top_, {x.value_or(0.3), y, z}, kTableClearance_m + 0.04, kYawHome_rad), ""};
    }
    const std::optional<Grasp> grasp = PlanGrasp(view, *top_);
    if (!grasp) return Stuck("the upper block cannot be gripped as it lies");
    return {TakeHold(view, *top_, *grasp).goal, ""};
  }
  bool Handles(int block) const override { return side_ == 0 && block == top_; }

 private:
  // How far from the next thing the block would land on that side, m.
  double RoomBeside(const View& view, double side) const {
    constexpr double kTableHalf_m = 0.36, kEnough_m = 0.08;
    const BlockView& base = view.blocks[*base_];
    const double x = base.p.x + side * (HalfExtent(base, 0) + HalfExtent(view.blocks[*top_], 0) + 0.02);
    double room = std::min(kTableHalf_m - std::abs(x), kEnough_m);
    const auto keep_off = [&](const Vec3& p) {
      if (std::abs(p.y - base.p.y) < 0.08) room = std::min(room, std::abs(p.x - x) - 0.05);
    };
    for (int i = 0; i < 3; ++i) {
      if (i != *top_ && i != *base_) keep_off(view.blocks[i].p);
    }
    keep_off(view.X_WButton.p);
    return room;
  }

  std::optional<int> top_, base_;
  int side_ = 0;  // of x; 0: taken off by hand
};

}  // namespace

ToolGoal DropIntoDrawer(const View& view, int block) {
  // Over the part of the tray that stands out from under the table top.
  const double floor_z = FloorAt(view, view.X_WDrawer.p);
  const double front_y = view.X_WDrawer.p.y - 0.16, back_y = -0.18;
  const double y = std::max(0.5 * (front_y + back_y), front_y + 0.06);
  const double x = view.X_WDrawer.p.x;
  const auto free = FreeX(view, block, x - 0.1, x + 0.1, y, floor_z + 0.02, x);
  const double z = floor_z + HalfHeight(view.blocks[block]) + 0.012;
  return PutDown(view, block, {free.value_or(x), y, z}, kTableClearance_m, kYawHome_rad);
}

std::unique_ptr<Skill> MakePlaceSkill(const Task& task, const View& start) {
  return std::make_unique<PlaceSkill>(task, start);
}
std::unique_ptr<Skill> MakeStackSkill(const Task&, const View& start) {
  return std::make_unique<StackSkill>(start);
}
std::unique_ptr<Skill> MakeUnstackSkill(const Task&, const View& start) {
  return std::make_unique<UnstackSkill>(start);
}

}  // namespace deerbench::expert
