#include "harness/training/dagger_rollouts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/checkpoint.h"
#include "agent/safetensors.h"
#include "agent/training/step_threads.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "datasets/demo_file.h"
#include "datasets/rollout.h"
#include "harness/training/batch_actor.h"
#include "harness/training/color_jitter.h"
#include "harness/training/frame_store.h"
#include "harness/training/view_shift.h"
#include "sim/env/env_version.h"
#include "sim/expert/expert.h"
#include "sim/tasks/oracle.h"

namespace deerbench {
namespace {

// One world and who acts in it.
class Slot {
 public:
  Slot(const TabletopScene& scene, const CollectUnit& unit, const CollectSettings& plan,
       const DaggerRecipe& recipe, double color_jitter, double view_shift_m, int exits, int max_steps,
       const std::string& source, const Phrasings& phrasings, const Instructions& instructions)
      : unit_(unit),
        recipe_(recipe),
        color_jitter_(color_jitter),
        view_shift_m_(view_shift_m),
        source_(source),
        seed_(plan.seed),
        exits_(exits),
        max_steps_(max_steps),
        phrasings_(phrasings),
        instructions_(instructions),
        random_(UnitRandom(plan.seed, unit.index, 0)),
        tabletop_(scene),
        expert_(scene.model) {
    tabletop_.ResetFresh(DrawStart(*scene.model, unit.state, random_));
    // Tasks that need others before them would never be seen while the agent fails at those: the expert does
    // some.
    first_part_ = static_cast<int>(random_.Below(unit.tasks.size()));
    if (random_.Below(2) == 0) first_part_ = std::min(first_part_, 1);
    BeginPart();
  }

  bool done() const { return done_; }
  bool agent_acts() const { return part_ >= first_part_; }
  ActorRow& row() { return row_; }
  std::vector<Demonstration>& demos() { return demos_; }
  std::vector<torch::Tensor>& tokens() { return tokens_; }  // one (T, numbers) tensor a demonstration

  // Before the agent is asked: looks at the world and asks the expert.
  void Look() {
    label_ = expert_.Step(tabletop_.world());
    if (!agent_acts()) return;
    tabletop_.Observe(observation_, Shifted(tabletop_.scene().model->static_camera(), shift_));
    felt_ = observation_.robot_obs;
    observation_.robot_obs = Moved(felt_, shift_);
    if (color_jitter_ > 0) {
      colors_.Apply(observation_.rgb_static);
      colors_.Apply(observation_.rgb_gripper);
    }
    row_.observation = &observation_;
    if (random_exit_) row_.exit = static_cast<int>(random_.Below(exits_));
  }

  // After it: executes what it, or the expert, decided.
  void Move() {
    World& world = tabletop_.world();
    if (!label_.can_act && (!agent_acts() || ++speechless_ > kPatience)) return Finish(false);
    RelativeAction executed = label_.action;
    if (agent_acts()) {
      if (steps_ >= expert_steps_ || !label_.can_act) executed = row_.action;
      demo_.robot_obs.push_back(felt_);
      demo_.scene_obs.push_back(observation_.scene_obs);
      demo_.actions.push_back(label_.action);
      demo_.executed.push_back(executed);
      demo_.labelled.push_back(label_.can_act ? 1 : 0);
      frames_.push_back(row_.tokens);
    }
    world.Step(executed);
    if (agent_acts()) demo_.states.push_back(world.Save().state);
    ++steps_;
    if (Completed(unit_.tasks[part_], start_, world.Info())) return Finish(true);
    if (steps_ >= (agent_acts() ? max_steps_ : kMaxExpertSteps)) Finish(false);
  }

 private:
  static constexpr int kPatience = 5;  // steps that the agent may go on while the expert has no answer
  static constexpr int kMaxExpertSteps = 360;

  void BeginPart() {
    const TaskId task = unit_.tasks[part_];
    start_ = tabletop_.world().Info();
    expert_.Reset(tabletop_.world(), task, random_.Next());
    steps_ = speechless_ = 0;
    shift_ = ViewShiftOf(view_shift_m_, seed_, unit_.index, part_);
    if (color_jitter_ > 0) colors_ = ColorJitter(color_jitter_, random_.Next());
    row_ = {};
    const auto& choices = phrasings_[task];
    row_.ids = &choices[random_.Below(choices.size())];
    random_exit_ = random_.Below(2) == 0;
    row_.exit = static_cast<int>(random_.Below(exits_));
    expert_steps_ = random_.Uniform() < recipe_.beta && recipe_.expert_steps > 0
                        ? static_cast<int>(random_.Below(recipe_.expert_steps + 1))
                        : 0;
    demo_ = {};
    frames_.clear();
    if (!agent_acts()) return;
    Snapshot now = tabletop_.world().Save();
    demo_.start_contacts = std::move(now.contacts);
    demo_.states.push_back(std::move(now.state));
  }

  void Finish(bool success) {
    if (agent_acts() && !demo_.actions.empty()) {
      demo_.info = {.task = unit_.tasks[part_],
                    .sentence = instructions_.Canonical(unit_.tasks[part_]),
                    .scene = tabletop_.scene().model->name(),
                    .source = source_,
                    .seed = seed_,
                    .unit = unit_.index,
                    .part = part_,
                    .success = success,
                    .length = static_cast<int>(demo_.actions.size())};
      demos_.push_back(std::move(demo_));
      tokens_.push_back(torch::cat(frames_));
    }
    ++part_;
    done_ = !success || part_ >= static_cast<int>(unit_.tasks.size());
    if (!done_) BeginPart();
  }

  CollectUnit unit_;
  const DaggerRecipe& recipe_;
  double color_jitter_, view_shift_m_;
  std::string source_;
  uint64_t seed_;
  int exits_, max_steps_;
  const Phrasings& phrasings_;
  const Instructions& instructions_;
  SplitMix64 random_;
  Tabletop tabletop_;
  Expert expert_;
  Observation observation_;   // what the agent sees
  RobotObs felt_{};           // robot_obs where the robot really is
  Vec3 shift_;                // of this part
  ColorJitter colors_{0, 0};  // of this part
  ExpertStep label_;
  SceneInfo start_;
  ActorRow row_;
  Demonstration demo_;
  std::vector<torch::Tensor> frames_;
  std::vector<Demonstration> demos_;
  std::vector<torch::Tensor> tokens_;
  int part_ = 0, first_part_ = 0, steps_ = 0, speechless_ = 0, expert_steps_ = 0;
  bool random_exit_ = false, done_ = false;
};

// Plans units so that every task is done as often by the agent, not tried as often: one that fails half the
// time is seen twice as much. A unit's outcome is what its demonstrations say, so that an interrupted
// round goes on with the same plan.
class RolloutPlan {
 public:
  explicit RolloutPlan(const CollectSettings& settings) : plan_(settings) {}

  CollectUnit Next() { return plan_.Next(); }
  int64_t planned() const { return plan_.planned(); }

  // Of the next `count` units, all of them carried out: `demos` are theirs, in order of units.
  void Report(int count, std::span<const DemoInfo> demos) {
    size_t i = 0;
    for (const int64_t end = plan_.reported() + count; plan_.reported() < end;) {
      std::vector<TaskId> done;
      for (; i < demos.size() && demos[i].unit == plan_.reported(); ++i)
        if (demos[i].success) done.push_back(demos[i].task);
      plan_.Report(done);
    }
    Require(i == demos.size(), "rollouts of units that were not planned");
  }

 private:
  CollectPlan plan_;
};

// How far a file has come: whole groups only.
struct Progress {
  int groups = 0, demos = 0, successes = 0;
  int64_t frames = 0;
};

Progress ReadProgress(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  const auto json = nlohmann::json::parse(ReadFile(path));
  return {json.at("groups"), json.at("demonstrations"), json.at("successes"), json.at("frames")};
}

// On other threads or another device the last bits differ, and with them what the agent goes through.
void RequireSameDemo(const DemoReader& file, int demo, const Demonstration& played_again) {
  if (Checksum(file.Read(demo)) == Checksum(played_again)) return;
  Fail(
      fmt::format("{}: data/demo_{}: comes out otherwise when its group is played again, expected the same "
                  "threads and device as before the interruption; or delete the file to begin the round anew",
                  file.path().string(), demo));
}

void WriteProgress(const std::filesystem::path& path, const Progress& p) {
  const nlohmann::json json = {
      {"groups", p.groups}, {"demonstrations", p.demos}, {"successes", p.successes}, {"frames", p.frames}};
  WriteFileAtomically(path, json.dump() + "\n");
}

}  // namespace

std::filesystem::path RolloutFile(const StageContext& context, const std::string& name) {
  return context.File(name + ".h5");
}

bool CollectRollouts(StageContext& context, const RolloutJob& job, const Instructions& instructions,
                     const Phrasings& phrasings) {
  const DaggerRecipe& recipe = context.recipe.dagger;
  const std::filesystem::path path = RolloutFile(context, job.name);
  const std::filesystem::path progress_path = context.File(job.name + "-progress.json");
  Progress progress = ReadProgress(progress_path);
  if (progress.demos >= recipe.rollouts) return true;
  DemoWriter writer =
      std::filesystem::exists(path) ? DemoWriter::Append(path) : DemoWriter::Create(path, ToJson(job.plan));
  const auto tokens =
      OpenTokenStore(context, path, SourceKey(path, kEnvVersion, writer.settings()), progress.frames);

  std::vector<AgentModel> models;
  for (int i = 0; i < (context.device.is_cpu() ? context.threads : 1); ++i) {
    models.emplace_back(context.agent, AgentParts{.auxiliary_heads = true});
    LoadParameters(*models.back(), SafetensorsFile(job.weights),
                   {.ignored_prefixes = {}, .share_memory = false});
    models.back()->to(context.device);
    models.back()->eval();
  }
  StepThreads threads(context.threads);
  const auto& scenes = context.Scenes(job.plan.scenes);

  RolloutPlan plan(job.plan);
  int reported = 0;  // demonstrations
  const auto report_group = [&](int demos) {
    plan.Report(recipe.worlds, std::span(writer.demos()).subspan(reported, demos - reported));
    reported = demos;
  };
  for (int group = 0; group < progress.groups; ++group) {
    for (int i = 0; i < recipe.worlds; ++i) plan.Next();
    int end = reported;
    while (end < progress.demos && writer.demos()[end].unit < plan.planned()) ++end;
    report_group(end);
  }

  context.monitor.Begin(job.name + " rollouts", "subtasks", recipe.rollouts, progress.demos);
  while (progress.demos < recipe.rollouts) {
    std::vector<std::unique_ptr<Slot>> slots;
    for (int i = 0; i < recipe.worlds; ++i) {
      const CollectUnit unit = plan.Next();
      slots.push_back(std::make_unique<Slot>(
          scenes.at(job.plan.scenes[unit.scene]), unit, job.plan, recipe, context.recipe.cloning.color_jitter,
          context.recipe.data.view_shift_m, job.exits, recipe.max_steps, job.name, phrasings, instructions));
    }
    const auto each_slot = [&](const auto& work) {
      threads.Run([&](int thread) {
        for (size_t i = thread; i < slots.size(); i += threads.size())
          if (!slots[i]->done()) work(*slots[i]);
      });
    };
    while (std::any_of(slots.begin(), slots.end(), [](const auto& slot) { return !slot->done(); })) {
      if (context.monitor.Stop()) return false;
      each_slot([](Slot& slot) { slot.Look(); });
      std::vector<ActorRow*> rows;
      for (auto& slot : slots)
        if (!slot->done() && slot->agent_acts()) rows.push_back(&slot->row());
      threads.Run([&](int thread) {
        const size_t parts = models.size(), part = static_cast<size_t>(thread);
        if (part >= parts) return;
        const size_t begin = rows.size() * part / parts, end = rows.size() * (part + 1) / parts;
        Act(models[part], std::span(rows).subspan(begin, end - begin));
      });
      each_slot([](Slot& slot) { slot.Move(); });
    }
    // The group is complete. What an interrupted process wrote of it is there already, bit for bit.
    std::optional<DemoReader> interrupted;
    if (static_cast<int>(writer.demos().size()) > progress.demos) interrupted.emplace(path);
    for (auto& slot : slots) {
      for (size_t i = 0; i < slot->demos().size(); ++i) {
        const Demonstration& demo = slot->demos()[i];
        if (static_cast<int>(writer.demos().size()) == progress.demos)
          writer.Append(demo);
        else
          RequireSameDemo(*interrupted, progress.demos, demo);
        if (tokens->filled() == progress.frames) tokens->Append(slot->tokens()[i]);
        ++progress.demos;
        progress.successes += demo.info.success;
        progress.frames += demo.info.length;
      }
    }
    report_group(progress.demos);
    ++progress.groups;
    WriteProgress(progress_path, progress);
    const double rate = static_cast<double>(progress.successes) / std::max(1, progress.demos);
    context.monitor.Update(std::min(progress.demos, recipe.rollouts),
                           fmt::format("{:.0f} % succeed", 100 * rate));
    context.metrics.Write(job.name + "_rollouts", progress.demos,
                          {{"success_rate", rate}, {"frames", progress.frames}});
  }
  return true;
}

}  // namespace deerbench
