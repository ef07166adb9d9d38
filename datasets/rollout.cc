#include "datasets/rollout.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "sim/env/start.h"
#include "sim/expert/expert.h"
#include "sim/tasks/oracle.h"

namespace deerbench {
namespace {

constexpr int kMaxSteps = 360;  // a subtask's, as in an evaluation
constexpr double kYawMargin_rad = 0.01;

double Symmetric(SplitMix64& random) { return 2 * random.Uniform() - 1; }

bool IsEvaluationSeed(uint32_t seed) {
  static const std::unordered_set<uint32_t> kSeeds = [] {
    std::unordered_set<uint32_t> seeds;
    for (const SymbolicState& state : InitialConditions()) seeds.insert(InitialStateSeed(state));
    return seeds;
  }();
  return kSeeds.contains(seed);
}

bool CloseTo(const SceneObs& a, const SceneObs& b) {
  for (size_t block = 0; block < 3; ++block) {
    if (std::abs(a[11 + 6 * block] - b[11 + 6 * block]) >= kYawMargin_rad) return false;
  }
  return true;
}

// Takes the arm somewhere else before the first subtask.
void Wander(World& world, SplitMix64& random) {
  const auto steps = 4 + random.Below(16);
  RelativeAction action{};
  action[0] = 0.8 * Symmetric(random);
  action[1] = 0.4 * Symmetric(random);
  action[2] = 0.35 * random.Uniform();
  for (size_t i = 3; i < 6; ++i) action[i] = 0.3 * Symmetric(random);
  action[6] = 1;
  for (uint64_t i = 0; i < steps; ++i) world.Step(action);
}

Demonstration Perform(World& world, Expert& expert, TaskId task, const CollectSettings& settings,
                      SplitMix64 random, std::string& problem, const std::atomic<bool>& stop) {
  Demonstration demo;
  demo.info.task = task;
  const uint64_t expert_seed = random.Next();
  Disturbance disturbance(settings.noise, random.Next());
  expert.Reset(world, task, expert_seed);
  const SceneInfo start = world.Info();
  Snapshot now = world.Save();
  demo.start_contacts = std::move(now.contacts);
  demo.states.push_back(std::move(now.state));
  while (!demo.info.success && demo.actions.size() < kMaxSteps && !stop) {
    const ExpertStep step = expert.Step(world);
    if (!step.can_act) {
      problem = step.reason;
      break;
    }
    const RelativeAction executed = disturbance.Apply(step.action);
    demo.robot_obs.push_back(world.robot_obs());
    demo.scene_obs.push_back(world.scene_obs());
    demo.actions.push_back(step.action);
    demo.executed.push_back(executed);
    world.Step(executed);
    demo.states.push_back(world.Save().state);
    demo.info.success = Completed(task, start, world.Info());
  }
  demo.info.length = static_cast<int>(demo.actions.size());
  return demo;
}

std::string ChooseSentence(const Instructions& instructions, TaskId task, SplitMix64& random) {
  const std::vector<std::string>& training = instructions.Training(task);
  const uint64_t draw = random.Below(training.size() + 1);
  return draw == 0 ? instructions.Canonical(task) : training[draw - 1];
}

}  // namespace

InitialState DrawStart(const SceneModel& model, const SymbolicState& state, SplitMix64& random) {
  const SurfaceLayout layout = LayoutOf(model);
  const InitialState evaluation = InitialStateFor(state, layout);
  while (true) {
    const auto seed = static_cast<uint32_t>(random.Next() >> 32);
    if (IsEvaluationSeed(seed)) continue;
    InitialState start = InitialStateFor(state, layout, seed);
    if (random.Below(2) == 0) {
      for (size_t color = 0; color < 3; ++color) {
        const size_t at = 6 + 6 * static_cast<size_t>(layout.block_slot[color]);
        const bool on_table = state.block[color] == BlockPlace::kTable;
        start.scene_obs[at] += (on_table ? 0.04 : 0.01) * Symmetric(random);
        start.scene_obs[at + 1] += (on_table ? 0.03 : 0.005) * Symmetric(random);
        start.scene_obs[at + 5] += (on_table ? 0.6 : 0.1) * Symmetric(random);
      }
    }
    if (!CloseTo(start.scene_obs, evaluation.scene_obs)) return start;
  }
}

RelativeAction Disturbance::Apply(const RelativeAction& action) {
  if (scale_ == 0) return action;
  if (push_steps_ > 0) {
    --push_steps_;
  } else {
    push_ = {};
    flip_gripper_ = false;
    if (random_.Uniform() < 0.02) {
      push_steps_ = 3 + static_cast<int>(random_.Below(8));
      for (size_t i = 0; i < 6; ++i) push_[i] = (i < 3 ? 0.8 : 0.5) * Symmetric(random_);
      flip_gripper_ = random_.Uniform() < 0.05;
    }
  }
  RelativeAction executed = action;
  for (size_t i = 0; i < 6; ++i) {
    drift_[i] = 0.9 * drift_[i] + 0.1 * Symmetric(random_);
    executed[i] = std::clamp(action[i] + scale_ * ((i < 3 ? 0.4 : 0.2) * drift_[i] + push_[i]), -1.0, 1.0);
  }
  if (flip_gripper_) executed[6] = -action[6];
  return executed;
}

UnitOutcome CarryOut(const std::shared_ptr<const SceneModel>& model, const CollectSettings& settings,
                     const CollectUnit& unit, const Instructions& instructions,
                     const std::atomic<bool>& stop) {
  UnitOutcome outcome;
  SplitMix64 random = UnitRandom(settings.seed, unit.index, 0);
  World world(model);
  const InitialState start = DrawStart(*model, unit.state, random);
  world.Reset(start.robot_obs, start.scene_obs);
  if (random.Below(2) == 0) Wander(world, random);
  Expert expert(model);
  for (size_t part = 0; part < unit.tasks.size() && !stop; ++part) {
    SplitMix64 own = UnitRandom(settings.seed, unit.index, static_cast<int>(part) + 1);
    const TaskId task = unit.tasks[part];
    const std::string sentence = ChooseSentence(instructions, task, own);
    Demonstration demo = Perform(world, expert, task, settings, own, outcome.problem, stop);
    demo.info.sentence = sentence;
    demo.info.scene = model->name();
    demo.info.seed = settings.seed;
    demo.info.unit = unit.index;
    demo.info.part = static_cast<int>(part);
    const bool success = demo.info.success;
    const bool wanted = settings.tasks.empty() || std::ranges::binary_search(settings.tasks, task);
    ++outcome.attempted;
    if (wanted && demo.info.length > 0 && (success || settings.keep_failures))
      outcome.demos.push_back(std::move(demo));
    if (!success) {
      outcome.failed = task;
      break;
    }
  }
  return outcome;
}

}  // namespace deerbench
