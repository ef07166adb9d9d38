#include "harness/training/cloning_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/checkpoint.h"
#include "agent/initialise.h"
#include "agent/safetensors.h"
#include "agent/training/replicas.h"
#include "base/random.h"
#include "harness/training/frame_store.h"

namespace deerbench {
namespace {

constexpr int kTestWindows = 128, kTestEvery = 500, kLogEvery = 10;

bool Trainable(const std::string& name) {
  return !name.starts_with("vision_encoder.") && name.find(".ln_f.") == std::string::npos;
}

// Sums of a batch's losses, for one line of metrics.
struct Tally {
  double windows = 0, total = 0, first = 0, last = 0, scattered = 0, switched = 0, gripper = 0;

  void Add(const MultiExitLoss& loss, double n) {
    const auto value = [](const torch::Tensor& x) { return x.item<double>(); };
    windows += n;
    total += n * value(loss.total);
    first += n * value((loss.exits.empty() ? loss.last : loss.exits.front()).pose);
    last += n * value(loss.last.pose);
    scattered += n * value(loss.scattered.pose);
    switched += n * value(loss.switched.pose);
    gripper += n * value(loss.scattered.gripper);
  }
  void Add(const Tally& other) {
    windows += other.windows;
    total += other.total;
    first += other.first;
    last += other.last;
    scattered += other.scattered;
    switched += other.switched;
    gripper += other.gripper;
  }
  nlohmann::json ToJson() const {
    const auto mean = [&](double x) { return std::round(x / windows * 1e7) / 1e7; };
    return {{"loss", mean(total)},
            {"pose_first_exit", mean(first)},
            {"pose_last_exit", mean(last)},
            {"pose_any_exit", mean(scattered)},
            {"pose_switched", mean(switched)},
            {"gripper", mean(gripper)}};
  }
};

std::filesystem::path StatePath(const StageContext& context, const std::string& name) {
  return context.File(name + "-state.safetensors");
}

std::string Key(const StageContext& context, const CloningJob& job) {
  const CloningRecipe& r = job.recipe;
  return fmt::format(
      "{} seed {} {} chunk {} gripper {} huber {} balance {} exits {} agent {} jitter {} swaps {}{}",
      job.name, context.recipe.seed, StepKey(r), r.chunk, r.gripper_weight, r.huber_delta, r.task_balance,
      r.exits, context.recipe.agent, r.color_jitter, r.slot_swaps, ViewKey(context.recipe.data.view_shift_m));
}

AgentModel MakeModel(const StageContext& context, const CloningJob& job) {
  torch::manual_seed(context.recipe.seed);
  AgentModel model(context.agent, AgentParts{.auxiliary_heads = true});
  InitialiseForTraining(model);
  if (job.from.empty())
    LoadEncoder(context, model);
  else
    LoadParameters(*model, SafetensorsFile(job.from), {.ignored_prefixes = {}, .share_memory = false});
  if (job.grown_from > 0) BeginDeeperExits(model, job.grown_from);
  model->to(context.device);
  model->train();
  return model;
}

uint64_t SeedOf(const StageContext& context, const std::string& name, int step) {
  uint64_t seed = context.recipe.seed;
  for (const char c : name) seed = SplitMix64(seed ^ static_cast<uint64_t>(c)).Next();
  return SplitMix64(seed + static_cast<uint64_t>(step)).Next();
}

}  // namespace

int TrainedExits(const StageContext& context, const CloningRecipe& recipe) {
  const int all = static_cast<int>(context.agent.ExitLayers().size());
  return recipe.exits > 0 ? std::min(recipe.exits, all) : all;
}

std::filesystem::path CloningResult(const StageContext& context, const std::string& name) {
  return context.File(name + ".safetensors");
}

bool CloningDone(const StageContext& context, const CloningJob& job) {
  return StageDone(context, CloningResult(context, job.name), StatePath(context, job.name),
                   Key(context, job));
}

bool TrainCloning(StageContext& context, const CloningJob& job, const DemoSet& data,
                  const TokenStores& tokens, const Phrasings& phrasings) {
  const CloningRecipe& recipe = job.recipe;
  const WindowSampler sampler(data, tokens, phrasings, context.agent, recipe.task_balance, recipe.slot_swaps,
                              false);
  const WindowSampler test_sampler(data, tokens, phrasings, context.agent, 0, 0, true);
  const int exits = TrainedExits(context, recipe);
  const int chunks = (recipe.batch + recipe.chunk - 1) / recipe.chunk;
  const int replicas = context.device.is_cpu() ? std::min(context.threads, chunks) : 1;
  Replicas<AgentModel> models(
      replicas, [&] { return MakeModel(context, job); }, Trainable);
  StepThreads threads(replicas);
  Optimizer optimizer(models.master(), MakeOptimizerConfig(recipe), IsMatrix);
  StageState state;
  if (LoadState(StatePath(context, job.name), Key(context, job), state))
    optimizer.Restore(state.tensors, state.step);
  else if (std::filesystem::exists(StatePath(context, job.name)))
    context.monitor.Print(job.name + ": what is there was begun with other settings, so it starts anew");
  const auto save = [&] {
    SaveState(StatePath(context, job.name), {Key(context, job), optimizer.step(), optimizer.Tensors()});
  };

  const LossWeights loss_weights = {.gripper = recipe.gripper_weight, .huber_delta = recipe.huber_delta};
  // Forward and, if asked, backward over chunks part, part + parts, ...
  const auto run = [&](AgentModel& model, const std::vector<WindowBatch>& batches, int part, int parts,
                       uint64_t seed, bool backward) {
    Tally tally;
    for (size_t i = part; i < batches.size(); i += parts) {
      const WindowBatch batch = batches[i].To(context.device);
      ExitSamples samples = DrawExits(exits, batch.windows(), batch.steps(), seed + i);
      samples = {samples.scattered.to(context.device), samples.switched.to(context.device)};
      const MultiExitLoss loss = CloningLoss(model, batch, samples, loss_weights, exits);
      const double share = static_cast<double>(batch.windows()) / recipe.batch;
      if (backward) (loss.total * share).backward();
      tally.Add(loss, static_cast<double>(batch.windows()));
    }
    return tally;
  };

  context.monitor.Begin(job.name, "steps", recipe.steps, optimizer.step());
  auto mark = std::chrono::steady_clock::now();
  Tally logged;
  while (optimizer.step() < recipe.steps) {
    if (context.monitor.Stop()) {
      save();
      return false;
    }
    const uint64_t seed = SeedOf(context, job.name, optimizer.step());
    const std::vector<WindowBatch> batches = sampler.Draw(recipe.batch, recipe.chunk, seed);
    std::vector<Tally> tallies(replicas);
    models.Accumulate(threads, [&](AgentModel& model, int part, int parts) {
      tallies[part] = run(model, batches, part, parts, seed, true);
    });
    for (const Tally& tally : tallies) logged.Add(tally);
    const double norm = optimizer.Step();
    const int step = optimizer.step();
    if (step % kLogEvery == 0 || step == recipe.steps) {
      const auto now = std::chrono::steady_clock::now();
      const double rate =
          logged.windows * context.agent.window / std::chrono::duration<double>(now - mark).count();
      mark = now;
      nlohmann::json line = logged.ToJson();
      context.monitor.Update(step,
                             fmt::format("loss {:.4f}, first exit {:.4f}, last {:.4f}, {:.0f} frames/s",
                                         line["loss"].get<double>(), line["pose_first_exit"].get<double>(),
                                         line["pose_last_exit"].get<double>(), rate));
      line["gradient_norm"] = norm;
      line["learning_rate"] = LearningRate(optimizer.config(), step);
      line["frames_per_s"] = std::round(rate);
      context.metrics.Write(job.name, step, line);
      logged = {};
    }
    if ((step % kTestEvery == 0 || step == recipe.steps) && !test_sampler.empty()) {
      torch::NoGradGuard no_grad;
      const uint64_t same = SeedOf(context, "test", 0);
      const Tally tally =
          run(models.model(0), test_sampler.Draw(kTestWindows, recipe.chunk, same), 0, 1, same, false);
      context.metrics.Write(job.name + "_test", step, tally.ToJson());
      context.monitor.Print(fmt::format("{} step {} test: {}", job.name, step, tally.ToJson().dump()));
    }
    if (step % recipe.save_every == 0) save();
  }
  save();
  std::map<std::string, torch::Tensor> weights;
  for (const auto& item : models.model(0)->named_parameters()) weights[item.key()] = item.value().detach();
  for (const auto& [name, tensor] : models.master().Split(optimizer.Averaged())) weights[name] = tensor;
  WriteSafetensors(CloningResult(context, job.name), weights);
  return true;
}

bool SnapshotCloning(StageContext& context, const CloningJob& job,
                     std::map<std::string, torch::Tensor>& weights, int& step) {
  StageState state;
  if (!LoadState(StatePath(context, job.name), Key(context, job), state)) return false;
  AgentModel model = MakeModel(context, job);
  FlatParameters parameters(*model, Trainable);
  Optimizer optimizer(parameters, MakeOptimizerConfig(job.recipe), IsMatrix);
  optimizer.Restore(state.tensors, state.step);
  step = state.step;
  for (const auto& item : model->named_parameters()) weights[item.key()] = item.value().detach().clone();
  for (const auto& [name, tensor] : parameters.Split(optimizer.Averaged())) weights[name] = tensor.clone();
  return true;
}

}  // namespace deerbench
