// Drawer, slider, button and switch. Offsets are in the links' own frames, which CALVIN's four tables and
// ours share.
#include <algorithm>
#include <cmath>

#include "sim/expert/grasp.h"
#include "sim/expert/skill.h"

namespace deerbench::expert {
namespace {

constexpr double kFingerHalf_m = 0.011;  // half the thickness of the closed fingers, across
constexpr double kMargin = 0.03;         // beyond what a task asks of a joint, m

// Fingers down into the gap between the drawer's front and its handle bar, then along.
class DrawerSkill : public Skill {
 public:
  DrawerSkill(const Task& task, const View& start)
      : opens_(task.threshold > 0),
        goal_q_(std::clamp(start.drawer + task.threshold + (opens_ ? kMargin : -kMargin), -0.01, 0.23)) {}

  Move Next(const View& view) override {
    constexpr double kFront = 0.18, kBar = 0.24, kHeight = 0.052, kReach = 0.085;
    const Pose& drawer = view.X_WDrawer;
    ToolGoal goal{.open = false};
    // Where the fingers go down: close to what they will push.
    goal.p =
        drawer * Vec3{0, kHeight, opens_ ? kBar - kFingerHalf_m - 0.006 : kFront + kFingerHalf_m + 0.012};
    const Vec3 inside = Inverse(drawer) * view.tcp;  // y up, z out of the drawer
    const bool hooked = std::abs(inside.x) < kReach && inside.y < kHeight + 0.02 && inside.y > 0 &&
                        inside.z > kFront - 0.01 && inside.z < kBar + 0.01;
    if (!hooked) return {ApproachFromAbove(view, goal, kTableClearance_m, {.off_m = 0.008}).goal, ""};
    const double travel = goal_q_ - view.drawer;
    goal.p = Vec3{goal.p.x, view.target.y, goal.p.z};
    goal.p.y =
        (drawer *
         Vec3{0, kHeight, (opens_ ? kBar - kFingerHalf_m + 0.01 : kFront + kFingerHalf_m - 0.01) + travel})
            .y;
    goal.speed = 0.8;
    return {goal, ""};
  }

 private:
  bool opens_;
  double goal_q_;
};

class SliderSkill : public Skill {
 public:
  SliderSkill(const Task& task, const View& start)
      : left_(task.threshold > 0), goal_q_(start.slide + task.threshold + (left_ ? kMargin : -kMargin)) {}

  Move Next(const View& view) override { return {PushSlider(view, left_, goal_q_), ""}; }

 private:
  bool left_;
  double goal_q_;
};

// Closed fingers down on the button until its light has changed.
class ButtonSkill : public Skill {
 public:
  explicit ButtonSkill(const Task& task) : on_(task.threshold > 0) {}

  Move Next(const View& view) override {
    constexpr double kPressed = 0.01, kAbove = 0.05, kDown = 0.03;
    const Vec3 top = {view.X_WButton.p.x, view.X_WButton.p.y, view.X_WButton.p.z};
    ToolGoal goal{.p = {top.x, top.y, top.z - kDown}, .open = false, .speed = 0.7};
    // Pressed without effect: let it come up again first.
    if (view.led_on == on_ || (view.button > kPressed && view.tcp.z < top.z + kAbove)) {
      goal.p.z = top.z + kAbove + 0.03;
      if (HorizontalDistance(view, goal.p) < 0.03) return {goal, ""};
    }
    return {ApproachFromAbove(view, goal, kTableClearance_m, {.off_m = 0.01}).goal, ""};
  }

 private:
  bool on_;
};

// The lever is a bar in front of the slanted panel. Fingers that lean square to the panel reach past it,
// under it or over it, and take it along.
class SwitchSkill : public Skill {
 public:
  explicit SwitchSkill(const Task& task) : on_(task.threshold > 0) {}

  Move Next(const View& view) override {
    // In the lever's frame: y out of the panel, -z along its way up. The bar: y 0.044..0.064, z
    // -0.024..0.008.
    constexpr double kNearBase_x = -0.1, kGoalOn = 0.065, kGoalOff = 0.02, kBack = 0.08;
    constexpr double kUnder = 0.008, kOver = -0.024, kReach = 0.040, kClear = 0.016;
    // Beside the robot's base the arm cannot fold enough to lean as far.
    const double lean = view.X_WSwitch.p.x < kNearBase_x ? 0.6 : 1.0;
    const Vec3 up = Rotate(view.X_WSwitch.q, {0, 0, -1});
    const Vec3 ahead{0, std::sin(lean), -std::cos(lean)};  // where leaning fingers point
    const double side = on_ ? 1 : -1;                      // of the bar in the lever's z
    const double face = on_ ? kUnder : kOver;
    const Vec3 beside = view.X_WSwitch * Vec3{0, kReach, face + side * kClear} - kFingertip_m * ahead;
    ToolGoal goal{.p = beside, .pitch = -lean, .open = false};

    const Vec3 tip = Inverse(view.X_WSwitch) * (view.tcp + kFingertip_m * ahead);
    const double gap = side * (tip.z - face);  // from the bar's face to the middle of the fingers
    const bool leaning = TurnError(view, goal) < 0.12;
    if (leaning && std::abs(tip.x) < 0.04 && tip.y < 0.055 && gap > 0 && gap < 0.05) {
      goal.p = beside + ((on_ ? kGoalOn : kGoalOff) - view.toggle + side * 0.025) * up;
      goal.speed = 0.6;
      return {goal, ""};
    }
    return {ReachAlong(view, goal, kBack, kTableClearance_m).goal, ""};
  }

 private:
  bool on_;
};

}  // namespace

ToolGoal PushSlider(const View& view, bool left, double goal_m) {
  constexpr double kHandleHalf = 0.02, kBeside = 0.055, kFront_y = -0.085, kPass_m = 0.58;
  constexpr double kLined_m = 0.03, kExact_m = 0.01, kOut_y = -0.05;
  const Vec3 handle = view.X_WSlide * Vec3{0.14, 0, 0.07};
  const double side =
      left ? 1 : -1;  // of the handle on which the fingers are: moving left pushes from the right
  ToolGoal goal{.p = {handle.x + side * kBeside, handle.y - 0.008, handle.z - 0.008}, .open = false};
  const double dx = side * (view.tcp.x - handle.x);
  const bool beside = dx > 0 && dx < kBeside + 0.025 && std::abs(view.tcp.y - goal.p.y) < 0.025 &&
                      std::abs(view.tcp.z - goal.p.z) < 0.03;
  if (beside) {
    goal.p.x = handle.x - (goal_m - view.slide) + side * (kHandleHalf + 0.005);
    return goal;
  }
  // In from the front, lower than over the cabinet: the arm reaches farther there.
  const double off = std::hypot(view.tcp.x - goal.p.x, view.tcp.z - goal.p.z);
  const double in_y = goal.p.y;
  goal.p.y = std::max(in_y - 4 * std::max(off - kExact_m, 0.0), kFront_y);
  if (off < kLined_m) return goal;
  if (view.tcp.y > kOut_y) {  // out from behind the front first
    goal.p = {view.tcp.x, kFront_y - 0.03, std::max(view.tcp.z, goal.p.z)};
    return goal;
  }
  return ApproachFromAbove(view, goal, kPass_m, {.off_m = 0.02}).goal;
}

std::optional<ToolGoal> UncoverShelf(const View& view, double x) {
  constexpr double kPanel_m = 0.28, kRoom_m = 0.045, kAim_m = 0.07;
  const double left_edge = view.X_WSlide.p.x, right_edge = left_edge + kPanel_m;
  if (x < left_edge - kRoom_m || x > right_edge + kRoom_m) return {};
  // To the side on which less is left to go, if the slider goes that far.
  const double leftwards = right_edge - (x - kRoom_m), rightwards = x + kRoom_m - left_edge;
  const bool can_left = view.slide + leftwards <= view.longest_slide, can_right = view.slide >= rightwards;
  const bool left = can_left && (!can_right || leftwards < rightwards);
  const double aim = kAim_m - kRoom_m;
  return PushSlider(
      view, left,
      std::clamp(view.slide + (left ? leftwards + aim : -rightwards - aim), 0.0, view.longest_slide));
}

std::unique_ptr<Skill> MakeDrawerSkill(const Task& task, const View& start) {
  return std::make_unique<DrawerSkill>(task, start);
}
std::unique_ptr<Skill> MakeSliderSkill(const Task& task, const View& start) {
  return std::make_unique<SliderSkill>(task, start);
}
std::unique_ptr<Skill> MakeButtonSkill(const Task& task, const View&) {
  return std::make_unique<ButtonSkill>(task);
}
std::unique_ptr<Skill> MakeSwitchSkill(const Task& task, const View&) {
  return std::make_unique<SwitchSkill>(task);
}

}  // namespace deerbench::expert
