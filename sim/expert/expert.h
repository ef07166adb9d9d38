// Scripted expert: a privileged, reactive controller for every task.
#pragma once

#include <memory>
#include <string>

#include "sim/physics/world.h"
#include "sim/tasks/task.h"

namespace deerbench {

struct ExpertStep {
  RelativeAction action{};
  bool can_act = true;
  std::string reason;  // plain words; set when can_act is false
};

struct ExpertOptions {
  double noise = 0;  // scale of the random offsets in approach and motion, 0 for none
};

// A function of the world's state and a little memory (what the subtask began with): asked again in a state
// that someone else brought about, it carries on from there.
class Expert {
 public:
  explicit Expert(std::shared_ptr<const SceneModel> model, const ExpertOptions& options = {});
  ~Expert();

  // Begins a subtask in the world's present state.
  void Reset(const World& world, TaskId task, uint64_t seed);

  // Next action towards the task.
  ExpertStep Step(const World& world);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace deerbench
