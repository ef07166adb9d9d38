// Lifting, turning and pushing blocks where they lie.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/expert/grasp.h"
#include "sim/expert/skill.h"

namespace deerbench::expert {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr const char* kColors[3] = {"red", "blue", "pink"};

int IndexOf(const Task& task) { return static_cast<int>(*task.block); }

Move NoGrip(int block) {
  return Stuck(
      fmt::format("no two faces of the {} block as it lies fit between the fingers", kColors[block]));
}

// Which way along x a block has to be moved so that fingers find room beside it: away from the drawer's side
// wall, or from the block or button next to it. 0 where that is not what stands in the way.
int NudgeDirection(const View& view, int index) {
  constexpr double kInside_m = 0.18, kFingerRoom_m = 0.026, kRoomBeside_m = 0.04, kButtonHalf_m = 0.031;
  const BlockView& block = view.blocks[index];
  if (block.gripped || block.on == Surface::kSlider) return 0;
  const double half = HalfExtent(block, 0), off = block.p.x - view.X_WDrawer.p.x;
  if (block.on == Surface::kDrawer && kInside_m - std::abs(off) - half < kFingerRoom_m)
    return off > 0 ? -1 : 1;
  int away = 0;
  double least = kRoomBeside_m;
  const auto keep_off = [&](const Vec3& p, double half_x, double half_y) {
    const Vec3 d = p - block.p;
    const double gap = std::abs(d.x) - half - half_x;
    if (gap > least || std::abs(d.y) > HalfExtent(block, 1) + half_y) return;
    least = gap;
    away = d.x > 0 ? -1 : 1;
  };
  for (int i = 0; i < 3; ++i) {
    const BlockView& other = view.blocks[i];
    if (i != index && std::abs(other.p.z - block.p.z) < 0.02)
      keep_off(other.p, HalfExtent(other, 0), HalfExtent(other, 1));
  }
  if (block.on == Surface::kTable) keep_off(view.X_WButton.p, kButtonHalf_m, kButtonHalf_m);
  return away;
}

// Closed fingers press on the block from above and drag it where there is room for open ones.
std::optional<ToolGoal> Nudge(const View& view, int index) {
  constexpr double kPress_m = 0.02;
  const int direction = NudgeDirection(view, index);
  if (direction == 0) return {};
  const BlockView& block = view.blocks[index];
  const double top_z = block.p.z + HalfHeight(block) + kFingertip_m;
  ToolGoal goal{.p = {block.p.x, block.p.y, top_z - kPress_m}, .yaw = kYawHome_rad, .open = false};
  const bool on_top = HorizontalDistance(view, block.p) < 0.022 && view.tcp.z < top_z + 0.006;
  if (!on_top) return ApproachFromAbove(view, goal, kTableClearance_m, {.off_m = 0.006}).goal;
  goal.p.x = view.tcp.x + direction * 0.015;
  goal.p.z = PressingHeight(view, 0.02);
  if (block.on == Surface::kTable) goal.p.y = std::clamp(goal.p.y, -0.14, -0.09);  // it drifts
  goal.speed = 0.5;
  return goal;
}

class LiftSkill : public Skill {
 public:
  explicit LiftSkill(const Task& task) : block_(IndexOf(task)) {}

  Move Next(const View& view) override {
    const BlockView& block = view.blocks[block_];
    if (block.on == Surface::kSlider && !block.gripped) {
      if (const auto uncover = UncoverShelf(view, block.p.x)) return {*uncover, ""};
    }
    const std::optional<Grasp> grasp = PlanGrasp(view, block_);
    if (!grasp) return NoGrip(block_);
    if (grasp->crowded) {
      if (const auto nudge = Nudge(view, block_)) return {*nudge, ""};
    }
    GraspStep step = TakeHold(view, block_, *grasp);
    if (step.held || (view.Held() == block_)) {
      // Back out the way the fingers point, then hold it up.
      const Vec3 ahead = PointingDirection(view.tcp_euler.z, view.tcp_euler.y);
      step.goal = {.p = view.tcp - (view.tcp.z < kShelfClearance_m ? 0.05 : 0.0) * ahead,
                   .yaw = view.target_euler.z,
                   .pitch = view.target_euler.y,
                   .open = false};
    }
    return {step.goal, ""};
  }
  bool Handles(int block) const override { return block == block_; }

 private:
  int block_;
};

class RotateSkill : public Skill {
 public:
  RotateSkill(const Task& task, const View& start)
      : block_(IndexOf(task)),
        turn_((task.threshold > 0 ? 1 : -1) * (std::abs(task.threshold) + 15) * kDegree),
        start_q_(start.blocks[block_].q) {}

  Move Next(const View& view) override {
    const BlockView& block = view.blocks[block_];
    const double turned = ToEuler(block.q * Conjugate(start_q_)).z;
    const std::optional<Grasp> grasp = PlanGrasp(view, block_, turn_ - turned);
    if (view.Held() == block_ && grasp) {
      // At the height where it lies: it slides on its surface and counts as turned there. Turned far enough,
      // let go, in case the fingers have raised it.
      const double z = FloorAt(view, block.p) + std::max(HalfHeight(block), kFingertip_m + 0.006);
      return {{.p = {view.tcp.x, view.tcp.y, z},
               .yaw = view.target_euler.z + (turn_ - turned),
               .open = std::abs(turn_ - turned) < 4 * kDegree},
              ""};
    }
    if (!grasp) return NoGrip(block_);
    if (grasp->crowded) {
      if (const auto nudge = Nudge(view, block_)) return {*nudge, ""};
    }
    return {TakeHold(view, block_, *grasp).goal, ""};
  }
  bool Handles(int block) const override { return block == block_; }

 private:
  int block_;
  double turn_;
  Quat start_q_;
};

class PushSkill : public Skill {
 public:
  static constexpr double kBeyond_m = 0.02;  // of the goal beyond where the task counts as done

  PushSkill(int block, Vec3 direction, Vec3 goal) : block_(block), direction_(direction), goal_(goal) {}

  Move Next(const View& view) override {
    const BlockView& block = view.blocks[block_];
    ToolGoal goal = PushBlock(view, block_, direction_, goal_, block.p.z - HalfHeight(block));
    // Swift, and back once the block glides the last of the way by itself: a task that follows may ask for a
    // block that the hand does not touch.
    if (goal.speed < 1) goal.speed = kSwift;
    const double left = Dot(goal_ - block.p, direction_) - kBeyond_m, v = Dot(block.v, direction_);
    if (v > 0.1 && v * v / (2 * kBraking_m_s2) > left + kMargin_m) {
      goal.p = view.tcp - 0.05 * direction_;
      goal.speed = 1;
    }
    return {goal, ""};
  }

 private:
  static constexpr double kSwift = 0.8, kBraking_m_s2 = 4.2,
                          kMargin_m = 0.004;  // of a block on the table; a little more than true

  int block_;
  Vec3 direction_, goal_;
};

constexpr double kFingerBehind_m = 0.024;  // from a block to the middle of fingers that will push it

// Pushes a free block over the table's front edge into the open drawer. Where none lies in front of it, one
// is taken there by hand.
class PushIntoDrawerSkill : public Skill {
 public:
  explicit PushIntoDrawerSkill(const View& start) {
    constexpr double kTrayHalf_m = 0.18, kRoom_m = 0.01, kFar = 10, kUseless = 100;
    double nearest = 1e9;
    for (int i = 0; i < 3; ++i) {
      const BlockView& block = start.blocks[i];
      if (block.on != Surface::kTable || block.on_block || block.p.y > 0.03) continue;
      const double off_drawer = std::abs(block.p.x - start.X_WDrawer.p.x);
      // Room for the fingers between the block and the slider's handle or the cabinet.
      const double behind_y = block.p.y + HalfExtent(block, 1) + kFingerBehind_m;
      const double handle_x = start.X_WSlide.p.x + 0.14;
      const bool in_front = off_drawer < kTrayHalf_m - kRoom_m - HalfExtent(block, 0) &&
                            behind_y < (std::abs(block.p.x - handle_x) < 0.05 ? -0.05 : -0.01);
      // A block that the robot touches as the task begins does not count.
      const double cost =
          off_drawer - 0.2 * block.p.y + (in_front ? 0 : kFar) + (block.touched ? kUseless : 0);
      if (cost < nearest) {
        nearest = cost;
        block_ = i;
        carry_ = !in_front;
      }
    }
    if (block_ < 0) return;
    const Vec3 p = start.blocks[block_].p;
    goal_ = {p.x, -0.26, p.z};
  }

  Move Next(const View& view) override {
    if (block_ < 0) return Stuck("no block lies on the table by itself");
    if (view.drawer < 0.1)
      return Stuck(fmt::format("the drawer is open by {:.2f} m, too little to take a block", view.drawer));
    const BlockView& block = view.blocks[block_];
    if (carry_) {
      if (view.Held() == block_) return {DropIntoDrawer(view, block_), ""};
      const std::optional<Grasp> grasp = PlanGrasp(view, block_);
      if (!grasp) return NoGrip(block_);
      if (grasp->crowded) {
        if (const auto nudge = Nudge(view, block_)) return {*nudge, ""};
      }
      return {TakeHold(view, block_, *grasp).goal, ""};
    }
    if (block.p.z < kTableTop_m || block.p.y < -0.20) {  // over the edge: get out of its way
      return {{.p = {view.target.x, std::max(view.target.y, -0.14), kTableClearance_m},
               .yaw = view.target_euler.z,
               .open = false},
              ""};
    }
    return {PushBlock(view, block_, {0, -1, 0}, goal_, block.p.z - HalfHeight(block)), ""};
  }
  bool Handles(int block) const override { return carry_ && block == block_; }

 private:
  int block_ = -1;
  bool carry_ = false;
  Vec3 goal_;
};

}  // namespace

// Closed fingers behind the block, then straight on, steering so that the block stays in front.
ToolGoal PushBlock(const View& view, int index, const Vec3& direction, const Vec3& end, double floor_z) {
  const BlockView& block = view.blocks[index];
  const Vec3 side{-direction.y, direction.x, 0};
  const bool along_x = std::abs(direction.x) > 0.5;
  const double half = HalfExtent(block, along_x ? 0 : 1);
  const double z = floor_z + kFingertip_m + 0.006;
  ToolGoal goal{.open = false};
  const Vec3 behind = block.p - (half + (along_x ? 0.03 : kFingerBehind_m)) * direction;
  goal.p = {behind.x, behind.y, z};
  const Vec3 to_tool = view.tcp - block.p;
  const double back = -Dot(to_tool, direction), across = Dot(to_tool, side);
  const bool ready = back > half - 0.005 && back < half + 0.06 && std::abs(across) < 0.016 &&
                     view.tcp.z < z + 0.02 && TurnError(view, goal) < 0.3;
  if (!ready)
    return ApproachFromAbove(view, goal, ClearanceAt(goal.p), {.off_m = 0.008, .turn_rad = 0.2}).goal;
  const double left = Dot(end - block.p, direction);
  // Pushing off centre turns and drifts the block: go to the side it drifts to.
  const double drift = Dot(block.p - end, side);
  goal.p = block.p - (half + 0.012 - std::clamp(left, 0.0, 0.05)) * direction +
           std::clamp(0.4 * drift, -0.006, 0.006) * side;
  goal.p.z = z;
  goal.speed = 0.7;
  return goal;
}

std::unique_ptr<Skill> MakeLiftSkill(const Task& task, const View&) {
  return std::make_unique<LiftSkill>(task);
}
std::unique_ptr<Skill> MakeRotateSkill(const Task& task, const View& start) {
  return std::make_unique<RotateSkill>(task, start);
}
std::unique_ptr<Skill> MakePushSkill(const Task& task, const View& start) {
  const Vec3 p = start.block(*task.block).p;
  const double sign = task.threshold > 0 ? 1 : -1;
  return std::make_unique<PushSkill>(IndexOf(task), Vec3{sign, 0, 0},
                                     p + Vec3{task.threshold + sign * PushSkill::kBeyond_m, 0, 0});
}
std::unique_ptr<Skill> MakePushIntoDrawerSkill(const Task&, const View& start) {
  return std::make_unique<PushIntoDrawerSkill>(start);
}

}  // namespace deerbench::expert
