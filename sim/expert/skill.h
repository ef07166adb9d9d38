// A skill brings one task about: at each step, from what it sees, it says where the tool should go next.
#pragma once

#include <memory>
#include <string>

#include "sim/expert/motion.h"
#include "sim/expert/view.h"
#include "sim/tasks/task.h"

namespace deerbench::expert {

struct Move {
  ToolGoal goal;
  std::string problem;  // why nothing can be done, in plain words; empty otherwise
};

inline Move Stuck(std::string problem) { return {.goal = {}, .problem = std::move(problem)}; }

class Skill {
 public:
  virtual ~Skill() = default;
  virtual Move Next(const View& view) = 0;
  // Whether that block may stay between the fingers; others are let go first.
  virtual bool Handles(int /*block*/) const { return false; }
};

// The skill for a task that begins as `start` shows. One maker a family; adding a family adds a line to
// MakeSkill.
std::unique_ptr<Skill> MakeSkill(const Task& task, const View& start);

// Closed fingers beside the slider's handle, then sideways until its joint is at `goal_m`.
ToolGoal PushSlider(const View& view, bool left, double goal_m);
// Pushes the slider away from a place of the shelf that it covers. Nothing if the place is free.
std::optional<ToolGoal> UncoverShelf(const View& view, double x);

// Pushes the block with closed fingers that stand at least `floor_z` high, until its centre is at `goal`.
ToolGoal PushBlock(const View& view, int block, const Vec3& direction, const Vec3& goal, double floor_z);

// Carries the held block over the open drawer, lowers it and lets go.
ToolGoal DropIntoDrawer(const View& view, int block);

std::unique_ptr<Skill> MakeDrawerSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakeSliderSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakeButtonSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakeSwitchSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakeLiftSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakeRotateSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakePushSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakePushIntoDrawerSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakePlaceSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakeStackSkill(const Task& task, const View& start);
std::unique_ptr<Skill> MakeUnstackSkill(const Task& task, const View& start);

}  // namespace deerbench::expert
