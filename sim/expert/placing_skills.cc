// Putting a held block somewhere: shelf, drawer, another block, a free spot of the table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/expert/grasp.h"
#include "sim/expert/skill.h"

namespace deerbench::expert {
namespace {

// Carries the held block over `spot` (its centre when put down), lowers it, lets go and rises.
ToolGoal PutDown(const View& view, int block, const Vec3& spot, double clearance_z, double yaw) {
  const Vec3 in_hand = view.blocks[block].p - view.tcp;  // the grip need not be central
  ToolGoal goal{.p = spot - in_hand, .yaw = yaw, .open = false};
  Approach approach = ApproachFromAbove(view, goal, clearance_z, 0.008);
  if (approach.over) approach.goal.speed = view.tcp.z < goal.p.z + 0.06 ? 0.4 : 0.8;
  if (approach.arrived) approach.goal.open = true;
  return approach.goal;
}

// Likewise onto the shelf, through the open front of a compartment: the hand stays outside.
ToolGoal PutOnShelf(const View& view, int block, const Vec3& spot) {
  constexpr double kPitch_rad = -0.6, kBack_m = 0.10;
  const Vec3 in_hand = view.blocks[block].p - view.tcp;
  Reach reach =
      ReachAlong(view, {.p = spot - in_hand, .yaw = kYawHome_rad, .pitch = kPitch_rad, .open = false},
                 kBack_m, kTableClearance_m);
  if (reach.left_m < 0.05) reach.goal.speed = 0.4;
  if (reach.left_m < 0.006) reach.goal.open = true;
  return reach.goal;
}

// After letting go: back the way the fingers point, open.
ToolGoal Rise(const View& view) {
  const Vec3 ahead = PointingDirection(view.tcp_euler.z, view.tcp_euler.y);
  return {.p = view.target - (view.tcp.z < kTableClearance_m ? 0.04 : 0.0) * ahead,
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

class PlaceSkill : public Skill {
 public:
  PlaceSkill(const Task& task, const View& start) : surface_(*task.surface), held_(start.Held()) {}

  Move Next(const View& view) override {
    if (!held_) return Stuck("no block is held");
    if (view.Held() != held_) return {Rise(view), ""};
    const BlockView& block = view.blocks[*held_];
    const double half = HalfHeight(block);
    if (surface_ == Surface::kDrawer) {
      if (view.drawer < 0.1)
        return Stuck(fmt::format("the drawer is open by {:.2f} m, too little to take a block", view.drawer));
      // Over the part of the tray that stands out from under the table top.
      const double floor_z = view.X_WDrawer.p.z + 0.02;
      const double front_y = view.X_WDrawer.p.y - 0.16, back_y = -0.18;
      const double y = std::max(0.5 * (front_y + back_y), front_y + 0.06);
      const double x = view.X_WDrawer.p.x;
      const auto free = FreeX(view, *held_, x - 0.1, x + 0.1, y, floor_z + 0.02, x);
      return {PutDown(view, *held_, {free.value_or(x), y, floor_z + half + 0.012}, kTableClearance_m,
                      kYawHome_rad),
              ""};
    }
    // The compartment that the slider leaves open.
    const double door_left = view.X_WSlide.p.x, door_right = door_left + 0.28;
    const SurfaceBox& left = view.surfaces.slider_left;
    const SurfaceBox& right = view.surfaces.slider_right;
    const double open_left = std::min(left.max.x + 0.08, door_left) - left.min.x;
    const double open_right = right.max.x - std::max(right.min.x - 0.08, door_right);
    const bool use_left = open_left > open_right;
    if (std::max(open_left, open_right) < 0.09) {
      return Stuck(fmt::format("the slider at {:.2f} m leaves no compartment open", view.slide));
    }
    const double low = use_left ? left.min.x + 0.05 : std::max(right.min.x, door_right + 0.05);
    const double high = use_left ? std::min(left.max.x, door_left - 0.05) : right.max.x - 0.03;
    const double y = 0.082, middle = 0.5 * (low + high);
    const auto x =
        FreeX(view, *held_, std::min(low, middle), std::max(high, middle), y, kShelfTop_m + half, middle);
    return {PutOnShelf(view, *held_, {x.value_or(middle), y, kShelfTop_m + half + 0.004}), ""};
  }

 private:
  Surface surface_;
  std::optional<int> held_;
};

class StackSkill : public Skill {
 public:
  explicit StackSkill(const View& start) : top_(start.Held()) { Choose(start); }

  Move Next(const View& view) override {
    if (!top_ || !base_) return Stuck("there are not two blocks of which one can be put on the other");
    const BlockView& base = view.blocks[*base_];
    const BlockView& top = view.blocks[*top_];
    if (view.Held() == top_) {
      lifted_ = lifted_ || !top.on;
      const Vec3 spot{base.p.x, base.p.y, base.p.z + HalfHeight(base) + HalfHeight(top) + 0.003};
      const double clearance = std::max(ClearanceAt(base.p), spot.z + 0.10);
      // Turned as it is in the hand, so that it comes down square on the block below where that is possible.
      const std::optional<Grasp> square = PlanGrasp(base);
      return {PutDown(view, *top_, spot, clearance, square ? square->yaw : kYawHome_rad), ""};
    }
    if (top.on_block || (lifted_ && top.touched)) return {Rise(view), ""};
    const std::optional<Grasp> grasp = PlanGrasp(top);
    if (!grasp) return Stuck("the block to stack cannot be gripped as it lies");
    return {TakeHold(view, *top_, *grasp).goal, ""};
  }

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

class UnstackSkill : public Skill {
 public:
  explicit UnstackSkill(const View& start) {
    for (int i = 0; i < 3; ++i) {
      if (start.blocks[i].on_block) top_ = i;
    }
  }

  Move Next(const View& view) override {
    if (!top_) return Stuck("no block lies on another");
    const BlockView& top = view.blocks[*top_];
    if (view.Held() == top_) {
      const double y = -0.10, z = kTableTop_m + HalfHeight(top) + 0.004;
      const auto x = FreeX(view, *top_, 0.0, 0.34, y, z, top.p.x);
      return {PutDown(view, *top_, {x.value_or(0.3), y, z}, kTableClearance_m + 0.04, kYawHome_rad), ""};
    }
    if (!top.on_block && top.on) return {Rise(view), ""};
    const std::optional<Grasp> grasp = PlanGrasp(top);
    if (!grasp) return Stuck("the upper block cannot be gripped as it lies");
    return {TakeHold(view, *top_, *grasp).goal, ""};
  }

 private:
  std::optional<int> top_;
};

}  // namespace

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
