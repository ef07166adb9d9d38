#include "tests/expert/trials.h"

#include "sim/env/start.h"

#include "sim/tasks/oracle.h"

namespace deerbench::test {

Trial RunTask(World& world, Expert& expert, TaskId task, uint64_t seed, const StepWatcher& watch) {
  constexpr int kMaxSteps = 360;
  Trial trial{.began = true};
  const SceneInfo start = world.Info();
  expert.Reset(world, task, seed);
  for (trial.steps = 0; trial.steps < kMaxSteps;) {
    const ExpertStep step = expert.Step(world);
    if (!step.can_act) {
      trial.problem = step.reason;
      return trial;
    }
    if (watch) watch(world, step.action, trial.steps);
    world.Step(step.action);
    ++trial.steps;
    if (Completed(task, start, world.Info())) {
      trial.succeeded = true;
      return trial;
    }
  }
  return trial;
}

Trial RunFromStart(const std::shared_ptr<const SceneModel>& model, const TaskStart& start, TaskId task,
                   uint64_t seed, const StepWatcher& watch) {
  World world(model);
  const InitialState initial = StartOf(*model, start.state);
  world.Reset(initial.robot_obs, initial.scene_obs);
  Expert expert(model);
  for (const TaskId before : start.before) {
    if (!RunTask(world, expert, before, seed).succeeded) return {};
  }
  return RunTask(world, expert, task, seed, watch);
}

}  // namespace deerbench::test
