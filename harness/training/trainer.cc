#include "harness/training/trainer.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "agent/agent_model.h"
#include "agent/safetensors.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "datasets/collect.h"
#include "harness/training/cloning_stage.h"
#include "harness/training/dagger_rollouts.h"
#include "harness/training/export_stage.h"
#include "harness/training/prompts.h"
#include "harness/training/vision_stage.h"

namespace deerbench {
namespace {

constexpr const char* kRecipeCopy = "recipe.yaml";

// Refuses a folder that holds something else, and an accidental second start.
void PrepareFolder(const TrainingRequest& request) {
  const std::filesystem::path copy = request.out / kRecipeCopy;
  if (std::filesystem::exists(copy)) {
    if (!request.resume)
      Fail(fmt::format("out: {} holds a training run already, expected --resume or another folder",
                       request.out.string()));
  } else if (!request.resume && std::filesystem::exists(request.out) &&
             !std::filesystem::is_empty(request.out)) {
    Fail(fmt::format(
        "out: {} is not empty and holds no training run, expected a new folder, or --resume to use it",
        request.out.string()));
  }
  std::filesystem::create_directories(request.out);
}

// Two trainings in one folder would overwrite each other's files. Held until the process ends. Exporting
// alone overwrites none.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / "lock";
    fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) Fail(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      close(fd_);
      Fail(fmt::format("out: another training is at work in {}", folder.string()));
    }
  }
  ~FolderLock() { close(fd_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

// The lock comes before the recipe's copy: whoever trains there already keeps its own. So does an export.
std::unique_ptr<FolderLock> EnterFolder(const TrainingRequest& request) {
  PrepareFolder(request);
  const bool exports = request.stage == "export";
  std::unique_ptr<FolderLock> lock = exports ? nullptr : std::make_unique<FolderLock>(request.out);
  const std::filesystem::path copy = request.out / kRecipeCopy;
  if (!exports || !std::filesystem::exists(copy))
    WriteFileAtomically(copy, ReadFile(request.recipe, 1 << 20));
  return lock;
}

// Is it the copy that `replay --relabel` makes of what these settings collect?
bool IsRelabelled(const std::string& file_settings, const CollectSettings& settings) {
  auto json = nlohmann::ordered_json::parse(file_settings, nullptr, false);
  return json.is_object() && json.erase("relabelled_by") == 1 &&
         json == nlohmann::ordered_json::parse(ToJson(settings));
}

torch::Device PickDevice(const std::string& asked) {
  const bool cuda = torch::cuda::is_available();
  if (asked == "cuda" && !cuda) Fail("device: cuda, but the tensor library sees none");
  return asked == "cuda" || (asked.empty() && cuda) ? torch::kCUDA : torch::kCPU;
}

// What the arm's joints tell of where the tool really is does not go with a moved view.
AgentConfig AgentOf(const Recipe& recipe) {
  constexpr size_t kFirstJoint = 7, kJoints = 7;
  constexpr double kBlind = 1e6;
  AgentConfig agent = PresetConfig(recipe.agent);
  if (recipe.data.view_shift_m > 0 && agent.state.use_state)
    std::fill_n(agent.state.scale.begin() + kFirstJoint, kJoints, kBlind);
  return agent;
}

class Training {
 public:
  Training(const TrainingRequest& request, TrainingMonitor& monitor)
      : recipe_(ReadRecipe(request.recipe)),
        lock_(EnterFolder(request)),
        metrics_(request.out / "metrics.jsonl"),
        context_{recipe_,
                 request,
                 monitor,
                 metrics_,
                 AgentOf(recipe_),
                 PickDevice(request.device),
                 std::max(1, request.threads)} {
    at::set_num_threads(1);  // threads are ours: step_threads.h
  }

  bool Run() {
    return Stage("data", [&] { return CollectData(); }) && Stage("vision", [&] { return Vision(); }) &&
           Stage("tokens", [&] { return Tokens(); }) && Stage("bc", [&] { return Cloning(); }) &&
           Stage("dagger", [&] { return Dagger(); }) && Stage("deepen", [&] { return Deepen(); }) &&
           Stage("export", [&] { return Export(); });
  }

 private:
  template <class Work>
  bool Stage(const std::string& name, Work&& work) {
    if (!context_.request.stage.empty() && context_.request.stage != name) return true;
    return !context_.monitor.Stop() && work();
  }

  std::filesystem::path InstructionsPath() const {
    return std::filesystem::path(context_.request.scenes_dir) / "instructions.yaml";
  }
  std::filesystem::path TokenizerPath() const {
    return std::filesystem::path(context_.request.scenes_dir) / "tokenizer.json";
  }
  std::filesystem::path DataPath(const std::string& scene) const {
    return context_.File("expert-" + scene + ".h5");
  }

  bool CollectData() {
    const Instructions instructions = LoadInstructions(InstructionsPath());
    for (const std::string& letter : recipe_.data.scenes) {
      CollectRequest request;
      request.settings.scenes = {letter};
      request.settings.noise = recipe_.data.noise;
      request.settings.seed = recipe_.seed;
      request.count = recipe_.data.demonstrations;
      request.workers = context_.threads;
      request.scenes = {context_.Scenes({letter}).at(letter).model};
      request.instructions = &instructions;
      DemoWriter writer = std::filesystem::exists(DataPath(letter))
                              ? DemoWriter::Append(DataPath(letter))
                              : DemoWriter::Create(DataPath(letter), ToJson(request.settings));
      const auto held = [&] { return static_cast<int>(writer.demos().size()); };
      if (held() < request.count || !IsRelabelled(writer.settings(), request.settings))
        RequireSameSettings(writer, request.settings);
      if (held() >= request.count) continue;
      context_.monitor.Begin("demonstrations in scene " + letter, "demonstrations", request.count, held());
      CollectEvents events;
      events.on_demo = [&](const DemoWriter& w, const CollectTally&) {
        context_.monitor.Update(static_cast<int>(w.demos().size()), "");
      };
      events.on_tick = [&] { return context_.monitor.Stop(); };
      CollectTally tally;
      if (!Collect(request, writer, events, tally)) return false;
    }
    return true;
  }

  // The expert's demonstrations, read once.
  DemoSet& Data() {
    if (!data_) {
      auto data = std::make_unique<DemoSet>(recipe_.data.view_shift_m);
      for (const std::string& letter : recipe_.data.scenes) {
        if (!std::filesystem::exists(DataPath(letter)))
          Fail(fmt::format("{}: missing, expected demonstrations (stage data)", DataPath(letter).string()));
        data->Add(DataPath(letter));
      }
      data_ = std::move(data);
    }
    return *data_;
  }

  bool Vision() { return VisionDone(context_) || TrainVision(context_, Data()); }

  bool Tokens() {
    tokens_ = OpenTokens(context_, Data());
    return FillTokens(context_, Data(), tokens_);
  }

  const Phrasings& Sentences() {
    if (!phrasings_) {
      phrasings_ = std::make_unique<Phrasings>(TrainingPhrasings(
          context_.agent, Tokenizer::FromFile(TokenizerPath()), LoadInstructions(InstructionsPath())));
    }
    return *phrasings_;
  }

  bool Cloning() {
    if (CloningDone(context_, JobOf(0))) return true;
    if (!Tokens()) return false;
    return TrainCloning(context_, JobOf(0), Data(), tokens_, Sentences());
  }

  bool Dagger() {
    const Instructions instructions = LoadInstructions(InstructionsPath());
    for (int round = 1; round <= recipe_.dagger.rounds; ++round)
      if (!CloningDone(context_, JobOf(round)) && !DaggerRound(round, instructions)) return false;
    return true;
  }

  // Training jobs by number: 0 is cloning the expert's demonstrations, then the DAgger rounds, then all
  // exits.
  int deepening() const { return recipe_.dagger.rounds + 1; }
  std::string JobName(int round) const {
    if (round == 0) return "bc";
    return round == deepening() ? "deepen" : fmt::format("dagger-{}", round);
  }
  CloningJob JobOf(int round) const {
    CloningJob job{JobName(round), {}, recipe_.cloning};
    if (round > 0) {
      job.from = CloningResult(context_, JobName(round - 1));
      job.recipe.steps = recipe_.dagger.steps;
      job.recipe.slot_swaps = recipe_.dagger.slot_swaps;
      job.recipe.learning_rate = recipe_.dagger.learning_rate;
    }
    if (round == deepening()) {
      const int all = static_cast<int>(context_.agent.ExitLayers().size());
      const int trained = TrainedExits(context_, job.recipe);
      job.grown_from = trained < all ? trained : 0;
      job.recipe.exits = 0;
      job.recipe.steps = recipe_.deepen.steps;
      job.recipe.learning_rate = recipe_.deepen.learning_rate;
    }
    return job;
  }

  // All demonstrations that a job trains on.
  DemoSet DataOf(int round) const {
    DemoSet all(recipe_.data.view_shift_m);
    for (const std::string& letter : recipe_.data.scenes) all.Add(DataPath(letter));
    for (int i = 1; i <= std::min(round, recipe_.dagger.rounds); ++i)
      all.Add(RolloutFile(context_, JobName(i)));
    return all;
  }

  // Throws Error if the job before this one has not been done.
  void RequireWeights(int round) const {
    const std::filesystem::path from = JobOf(round).from;
    if (!std::filesystem::exists(from))
      Fail(fmt::format("{}: missing, expected the weights of stage {}", from.string(), JobName(round - 1)));
  }

  bool TrainJob(int round) {
    const DemoSet all = DataOf(round);
    TokenStores tokens = OpenTokens(context_, all);
    return FillTokens(context_, all, tokens) &&
           TrainCloning(context_, JobOf(round), all, tokens, Sentences());
  }

  bool DaggerRound(int round, const Instructions& instructions) {
    RequireWeights(round);
    const CloningJob cloning = JobOf(round);
    RolloutJob job{.name = cloning.name,
                   .weights = cloning.from,
                   .plan = {},
                   .exits = TrainedExits(context_, cloning.recipe)};
    job.plan.scenes = recipe_.data.scenes;
    job.plan.noise = 0;
    job.plan.seed = recipe_.seed + 1000 * static_cast<uint64_t>(round);
    return CollectRollouts(context_, job, instructions, Sentences()) && TrainJob(round);
  }

  bool Deepen() {
    if (recipe_.deepen.steps == 0 || CloningDone(context_, JobOf(deepening()))) return true;
    RequireWeights(deepening());
    return TrainJob(deepening());
  }

  // Of the newest weights there are, finished or not.
  bool Export() {
    for (int round = deepening(); round >= 0; --round) {
      const CloningJob job = JobOf(round);
      ExportInput input;
      int step = job.recipe.steps;
      if (std::filesystem::exists(CloningResult(context_, job.name))) {
        const SafetensorsFile file(CloningResult(context_, job.name));
        for (const std::string& name : file.names()) input.weights[name] = file.Get(name);
      } else if (!SnapshotCloning(context_, job, input.weights, step)) {
        continue;
      }
      const DemoSet data = DataOf(round);
      input.from = fmt::format("{}, step {} of {}", job.name, step, job.recipe.steps);
      input.data_digest = data.Digest();
      input.frames = data.frames();
      const std::filesystem::path folder = ExportCheckpoint(context_, input);
      context_.monitor.Print(fmt::format("checkpoint {} ({})", folder.string(), input.from));
      return true;
    }
    Fail(fmt::format("{}: no weights to export, expected at least stage bc to have begun",
                     context_.request.out.string()));
  }

  Recipe recipe_;
  std::unique_ptr<FolderLock> lock_;  // of the folder, but for an export
  MetricsLog metrics_;
  StageContext context_;
  std::unique_ptr<DemoSet> data_;
  TokenStores tokens_;
  std::unique_ptr<Phrasings> phrasings_;
};

}  // namespace

bool RunTraining(const TrainingRequest& request, TrainingMonitor& monitor) {
  return Training(request, monitor).Run();
}

}  // namespace deerbench
