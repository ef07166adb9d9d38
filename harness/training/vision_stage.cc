#include "harness/training/vision_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/initialise.h"
#include "agent/safetensors.h"
#include "agent/training/replicas.h"
#include "agent/training/vision_objective.h"
#include "base/random.h"
#include "harness/training/color_jitter.h"
#include "harness/training/frame_store.h"
#include "harness/training/landmarks.h"
#include "harness/training/scene_targets.h"

namespace deerbench {
namespace {

constexpr const char* kVisionState = "vision-state.safetensors";

constexpr int kHeldOutEvery = 40;  // demonstrations: every so many serve as a test
constexpr int kTestFrames = 1024, kTestEvery = 500, kLogEvery = 20;

// All frames that were drawn, with their targets in memory.
class VisionData {
 public:
  VisionData(StageContext& context, const DemoSet& data) : data_(data) {
    const VisionConfig& vision = context.agent.vision;
    layout_ = {.static_size = vision.static_camera.input_size,
               .gripper_size = vision.gripper_camera.input_size,
               .static_grid = vision.static_camera.grid(),
               .gripper_grid = vision.gripper_camera.grid()};
    const int stride =
        static_cast<int>((data.frames() + context.recipe.vision.frames - 1) / context.recipe.vision.frames);
    for (int file = 0; file < data.files(); ++file)
      stores_.push_back(std::make_unique<FrameStore>(context.File(fmt::format("frames-{}.bin", file)), data,
                                                     file, stride, layout_));
  }

  bool Draw(StageContext& context) {
    for (auto& store : stores_)
      if (!store->Fill(context.Scenes(data_.scenes()), context.threads, context.monitor)) return false;
    Collect(context.Scenes(data_.scenes()), context.recipe.vision.visible_pixels);
    return true;
  }

  const std::vector<int>& training() const { return training_; }
  const std::vector<int>& test() const { return test_; }

  // A batch of rows, each with its colours jittered by its own draw from `seed` and its place in the batch.
  std::pair<VisionFrames, VisionTargets> Batch(std::span<const int> rows, double jitter = 0,
                                               uint64_t seed = 0, size_t first = 0) const {
    const auto n = static_cast<int64_t>(rows.size());
    const int64_t s = layout_.static_size, g = layout_.gripper_size;
    const int64_t sg = layout_.static_grid, gg = layout_.gripper_grid;
    VisionFrames frames = {torch::empty({n, s, s, 3}, torch::kUInt8),
                           torch::empty({n, g, g, 3}, torch::kUInt8), torch::empty({n, 15})};
    VisionTargets targets = {
        torch::empty({n, SceneTargets::kNumbers}), torch::empty({n, SceneTargets::kNumbers}),
        torch::empty({n, SceneTargets::kFlags}),   torch::empty({n, sg, sg}, torch::kUInt8),
        torch::empty({n, gg, gg}, torch::kUInt8),  torch::empty({n, kLandmarks, 3}),
        torch::empty({n, kLandmarks, 3})};
    for (int64_t i = 0; i < n; ++i) {
      const Row& row = rows_[rows[i]];
      const uint8_t* record = stores_[row.store]->record(row.record);
      const auto copy = [&](const torch::Tensor& to, const uint8_t* from) {
        const int64_t bytes = to.numel() / n;
        std::copy_n(from, bytes, to.data_ptr<uint8_t>() + i * bytes);
      };
      copy(frames.static_images, record);
      copy(frames.gripper_images, record + layout_.gripper_begin());
      if (jitter > 0) {
        uint64_t draw = 2 * (seed + first + static_cast<uint64_t>(i));  // each camera has its own light
        for (const torch::Tensor& pictures : {frames.static_images, frames.gripper_images}) {
          const auto bytes = static_cast<size_t>(pictures.numel() / n);
          ColorJitter(jitter, draw++)
              .Apply({pictures.data_ptr<uint8_t>() + static_cast<size_t>(i) * bytes, bytes});
        }
      }
      copy(targets.static_classes, record + layout_.static_classes_begin());
      copy(targets.gripper_classes, record + layout_.gripper_classes_begin());
      const auto put = [&](const torch::Tensor& to, const auto& from) {
        std::copy(from.begin(), from.end(), to.data_ptr<float>() + i * static_cast<int64_t>(from.size()));
      };
      put(frames.robot_obs, data_.robot_obs(row.frame));
      put(targets.numbers, row.targets.numbers);
      put(targets.number_weights, row.weights);
      put(targets.flags, row.targets.flags);
      put(targets.static_landmarks, row.static_landmarks);
      put(targets.gripper_landmarks, row.gripper_landmarks);
    }
    targets.static_classes = targets.static_classes.to(torch::kInt64);
    targets.gripper_classes = targets.gripper_classes.to(torch::kInt64);
    return {frames, targets};
  }

 private:
  struct Row {
    int store = 0;
    int64_t record = 0;
    int64_t frame = 0;  // of the DemoSet
    SceneTargets targets;
    std::array<float, SceneTargets::kNumbers> weights{};
    std::array<float, kLandmarks * 3> static_landmarks{}, gripper_landmarks{};
  };

  // Where the landmarks are on one camera's map; blocks that it does not see do not count.
  static std::array<float, kLandmarks * 3> Places(const Camera& camera, int grid,
                                                  const std::array<Vec3, kLandmarks>& landmarks,
                                                  const uint16_t* block_pixels, int visible_pixels) {
    std::array<float, kLandmarks * 3> places;
    for (int i = 0; i < kLandmarks; ++i) {
      const MapPlace place = PlaceOnMap(camera, grid, landmarks[i]);
      const int block = i - (kLandmarks - 3);
      const bool seen = place.seen > 0 && (block < 0 || block_pixels[block] >= visible_pixels);
      places[3 * i] = place.column;
      places[3 * i + 1] = place.row;
      places[3 * i + 2] = seen ? 1 : 0;
    }
    return places;
  }

  void Collect(const std::map<std::string, TabletopScene>& scenes, int visible_pixels) {
    for (int file = 0; file < data_.files(); ++file) {
      const FrameStore& store = *stores_[file];
      int loaded = -1;
      std::vector<WorldState> states;
      for (int64_t i = 0; i < store.size(); ++i) {
        const FrameRef ref = data_.ref(file, store.frame_of_file(i));
        if (ref.demo != loaded) {
          states = data_.reader(file)->ReadStates(ref.demo);
          loaded = ref.demo;
        }
        const Vec3 shift = data_.view_shift(file, ref.demo);
        Row row{.store = file,
                .record = i,
                .frame = data_.first_frame(file) + store.frame_of_file(i),
                .targets = TargetsOf(states[ref.step], shift)};
        row.weights.fill(1);
        const auto* counts = reinterpret_cast<const uint16_t*>(store.record(i) + layout_.counts_begin());
        for (int block = 0; block < 3; ++block) {
          if (counts[block] + counts[3 + block] >= std::max(1, visible_pixels)) continue;
          std::fill_n(row.weights.begin() + block * SceneTargets::kNumbersPerBlock,
                      SceneTargets::kNumbersPerBlock, 0.0f);
        }
        const SceneModel& model = *scenes.at(data_.reader(file)->demos()[ref.demo].scene).model;
        const std::array<Vec3, kLandmarks> landmarks = LandmarksOf(model, states[ref.step]);
        row.static_landmarks = Places(Shifted(model.static_camera(), shift), layout_.static_grid, landmarks,
                                      counts, visible_pixels);
        row.gripper_landmarks = Places(model.gripper_camera(Unpack(states[ref.step]).X_WGripperCamera),
                                       layout_.gripper_grid, landmarks, counts + 3, visible_pixels);
        const bool held_out = ref.demo % kHeldOutEvery == kHeldOutEvery - 1;
        (held_out ? test_ : training_).push_back(static_cast<int>(rows_.size()));
        rows_.push_back(row);
      }
    }
  }

  const DemoSet& data_;
  FrameLayout layout_;
  std::vector<std::unique_ptr<FrameStore>> stores_;
  std::vector<Row> rows_;
  std::vector<int> training_, test_;  // rows
};

VisionFrames To(const VisionFrames& x, torch::Device device) {
  return {x.static_images.to(device), x.gripper_images.to(device), x.robot_obs.to(device)};
}
VisionTargets To(const VisionTargets& x, torch::Device device) {
  return {x.numbers.to(device),          x.number_weights.to(device),  x.flags.to(device),
          x.static_classes.to(device),   x.gripper_classes.to(device), x.static_landmarks.to(device),
          x.gripper_landmarks.to(device)};
}

// Mean errors in words' units: metres become millimetres.
nlohmann::json Errors(const VisionLoss& loss) {
  const torch::Tensor errors = loss.number_errors.to(torch::kCPU);
  const auto& names = TargetNames();
  const auto mean = [&](auto&& chosen) {
    double sum = 0;
    int count = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!chosen(i)) continue;
      sum += errors[static_cast<int64_t>(i)].item<double>() * names[i].unit;
      ++count;
    }
    return std::round(sum / count * 1e5) / 1e5;
  };
  constexpr size_t kBlocks = 3 * SceneTargets::kNumbersPerBlock;
  const auto in_block = [](size_t i) { return i % SceneTargets::kNumbersPerBlock; };
  return {{"loss", loss.total.item<double>()},
          {"block_mm", 1000 * mean([&](size_t i) { return i < kBlocks && in_block(i) < 3; })},
          {"block_in_hand_mm",
           1000 * mean([&](size_t i) { return i < kBlocks && in_block(i) >= 3 && in_block(i) < 6; })},
          {"yaw", mean([&](size_t i) { return i < kBlocks && in_block(i) >= 6; })},
          {"slider_mm", 1000 * mean([&](size_t i) { return i == kBlocks; })},
          {"drawer_mm", 1000 * mean([&](size_t i) { return i == kBlocks + 1; })},
          {"button_mm", 1000 * mean([&](size_t i) { return i == kBlocks + 2; })},
          {"switch_mm", 1000 * mean([&](size_t i) { return i == kBlocks + 3; })},
          {"lights_wrong", loss.flag_error.item<double>()},
          {"cells_wrong", loss.class_error.item<double>()},
          {"landmarks_off_cells", loss.landmark_error.item<double>()}};
}

std::string Note(const nlohmann::json& errors, double frames_per_s) {
  return fmt::format("loss {:.3f}, block {:.0f} mm, drawer {:.0f} mm, {:.0f} frames/s",
                     errors["loss"].get<double>(), errors["block_mm"].get<double>(),
                     errors["drawer_mm"].get<double>(), frames_per_s);
}

std::string Key(const StageContext& context) {
  const VisionRecipe& r = context.recipe.vision;
  return fmt::format(
      "vision seed {} {} frames {} hidden {} jitter {} landmarks {} flags {} classes {} visible {}{}",
      context.recipe.seed, StepKey(r), r.frames, r.hidden, r.color_jitter, r.landmark_weight, r.flag_weight,
      r.class_weight, r.visible_pixels, ViewKey(context.recipe.data.view_shift_m));
}

}  // namespace

bool VisionDone(const StageContext& context) {
  return StageDone(context, context.File(kVisionFile), context.File(kVisionState), Key(context));
}

bool TrainVision(StageContext& context, const DemoSet& demos) {
  const VisionRecipe& recipe = context.recipe.vision;
  const VisionWeights weights = {
      .flags = recipe.flag_weight, .classes = recipe.class_weight, .landmarks = recipe.landmark_weight};
  VisionData data(context, demos);
  if (!data.Draw(context)) return false;

  const int replicas = context.device.is_cpu() ? std::min(context.threads, recipe.batch) : 1;
  const auto make = [&] {
    torch::manual_seed(context.recipe.seed);
    AgentModel agent(context.agent);
    InitialiseForTraining(agent);
    VisionProbe probe(context.agent, agent->conv_vision, SceneTargets::kNumbers, SceneTargets::kFlags,
                      kPixelClasses, recipe.hidden);
    probe->to(context.device);
    return probe;
  };
  Replicas<VisionProbe> models(replicas, make,
                               [](const std::string& name) { return !name.starts_with("state."); });
  StepThreads threads(replicas);
  Optimizer optimizer(models.master(), MakeOptimizerConfig(recipe), IsMatrix);
  const std::filesystem::path state_path = context.File(kVisionState);
  StageState state;
  if (LoadState(state_path, Key(context), state))
    optimizer.Restore(state.tensors, state.step);
  else if (std::filesystem::exists(state_path))
    context.monitor.Print("vision: what is there was begun with other settings, so it starts anew");
  const auto save = [&] { SaveState(state_path, {Key(context), optimizer.step(), optimizer.Tensors()}); };

  const auto test = [&] {
    torch::NoGradGuard no_grad;
    const auto& rows = data.test().empty() ? data.training() : data.test();
    const size_t step = std::max<size_t>(1, rows.size() / kTestFrames);
    std::vector<int> chosen;
    for (size_t i = 0; i < rows.size() && chosen.size() < kTestFrames; i += step) chosen.push_back(rows[i]);
    const auto [frames, targets] = data.Batch(chosen);
    return Errors(models.model(0)->Loss(To(frames, context.device), To(targets, context.device), weights));
  };

  context.monitor.Begin("vision", "steps", recipe.steps, optimizer.step());
  auto mark = std::chrono::steady_clock::now();
  int since = 0;
  while (optimizer.step() < recipe.steps) {
    if (context.monitor.Stop()) {
      save();
      return false;
    }
    SplitMix64 random(SplitMix64(context.recipe.seed ^ 0x766973696f6eu).Next() +
                      static_cast<uint64_t>(optimizer.step()));
    std::vector<int> rows(recipe.batch);
    for (int& row : rows) row = data.training()[random.Below(data.training().size())];
    const uint64_t jitter_seed = random.Next();
    std::vector<VisionLoss> losses(replicas);
    models.Accumulate(threads, [&](VisionProbe& model, int part, int parts) {
      const size_t begin = rows.size() * part / parts, end = rows.size() * (part + 1) / parts;
      const auto [frames, targets] =
          data.Batch(std::span(rows).subspan(begin, end - begin), recipe.color_jitter, jitter_seed, begin);
      losses[part] = model->Loss(To(frames, context.device), To(targets, context.device), weights);
      (losses[part].total * (static_cast<double>(end - begin) / static_cast<double>(rows.size()))).backward();
    });
    const double norm = optimizer.Step();
    since += recipe.batch;
    const int step = optimizer.step();
    if (step % kLogEvery == 0 || step == recipe.steps) {
      const auto now = std::chrono::steady_clock::now();
      const double rate = since / std::chrono::duration<double>(now - mark).count();
      mark = now;
      since = 0;
      nlohmann::json line = Errors(losses[0]);
      line["gradient_norm"] = norm;
      line["learning_rate"] = LearningRate(optimizer.config(), step);
      line["frames_per_s"] = std::round(rate);
      context.metrics.Write("vision", step, line);
      context.monitor.Update(step, Note(line, rate));
    }
    if (step % kTestEvery == 0 || step == recipe.steps) {
      const nlohmann::json errors = test();
      context.metrics.Write("vision_test", step, errors);
      context.monitor.Print("vision test: " + errors.dump());
    }
    if (step % recipe.save_every == 0) save();
  }
  save();
  std::map<std::string, torch::Tensor> encoder;
  for (const auto& [name, tensor] : models.master().Split(optimizer.Averaged()))
    if (name.starts_with("encoder.")) encoder["vision_encoder." + name.substr(8)] = tensor.clone();
  WriteSafetensors(context.File(kVisionFile), encoder);
  return true;
}

}  // namespace deerbench
