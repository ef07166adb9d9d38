// The fused path against the reference on the tensor library: whole rollouts of agents of several sizes.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <numbers>
#include <random>
#include <tuple>

#include "agent/agent_model.h"
#include "agent/cost.h"
#include "agent/fused/fused_model.h"
#include "agent/initialise.h"
#include "agent/multi_exit.h"
#include "agent/preprocess.h"
#include "agent/safetensors.h"
#include "base/error.h"

namespace deerbench {
namespace {

// A folder that goes with the test.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "deerbench-fused-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

// Wider and deeper where nano is small.
AgentConfig WideConfig() {
  AgentConfig c = PresetConfig("nano");
  c.name = "wide";
  c.vision.width = 48;
  c.vision.static_camera = {33, {{24, 3, 2}, {40, 3, 1}}, 11};
  c.perceiver = {.depth = 2, .latents = 6, .heads = 2, .head_dim = 24, .ff_mult = 4};
  c.cross_attention = {.every_n_layers = 2, .heads = 3, .head_dim = 32, .ff_mult = 5, .gate_init = 0.7};
  c.language.width = 96;
  c.language.heads = 6;
  c.language.layers = 7;
  c.head.lstm_layers = 3;
  c.head.lstm_hidden = 72;
  c.exit_interval = 3;
  return c;
}

// Nothing a multiple of eight.
AgentConfig OddConfig() {
  AgentConfig c = PresetConfig("nano");
  c.name = "odd";
  c.vision.width = 20;
  c.vision.static_camera = {19, {{6, 5, 2}, {10, 3, 1}}, 5};
  c.vision.gripper_camera = {9, {{7, 3, 1}}, 3};
  c.perceiver = {.depth = 1, .latents = 3, .heads = 2, .head_dim = 5, .ff_mult = 1};
  c.cross_attention = {.every_n_layers = 1, .heads = 2, .head_dim = 6, .ff_mult = 3, .gate_init = 0.3};
  c.language.width = 30;
  c.language.heads = 3;
  c.language.layers = 5;
  c.language.qk_layernorm = false;
  c.head.lstm_layers = 2;
  c.head.lstm_hidden = 18;
  c.head.lstm_layernorm = false;
  c.head.mlp_hidden = {13};
  c.head.mlp_layernorm = false;
  c.head.dropout_placement = HeadConfig::DropoutPlacement::kLast;
  c.state = {};
  return c;
}

// Media no wider than a head, where the fused path multiplies projections with each other.
AgentConfig NarrowConfig() {
  AgentConfig c = OddConfig();
  c.name = "narrow";
  c.perceiver = {.depth = 3, .latents = 7, .heads = 3, .head_dim = 28, .ff_mult = 2};
  c.cross_attention = {.every_n_layers = 2, .heads = 2, .head_dim = 20, .ff_mult = 3, .gate_init = 0.6};
  return c;
}

// Random everywhere, biases, norms and gates too, so that nothing can be left out unnoticed.
AgentModel RandomModel(const AgentConfig& config) {
  torch::manual_seed(11);
  torch::NoGradGuard no_grad;
  AgentModel model(config);
  InitialiseForTraining(model);
  for (auto& item : model->named_parameters()) {
    if (item.value().dim() == 1) item.value().add_(0.1 * torch::randn_like(item.value()));
  }
  model->eval();
  return model;
}

void Save(const AgentModel& model, const std::filesystem::path& path) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : model->named_parameters()) tensors[item.key()] = item.value();
  WriteSafetensors(path, tensors);
}

struct Frame {
  torch::Tensor static_rgb, gripper_rgb, robot_obs;
};

Frame RandomFrame(const AgentConfig& config) {
  const auto picture = [](const ConvCameraConfig& camera) {
    const int64_t size = camera.picture_size();
    // Large patches as well as noise.
    const torch::Tensor coarse = torch::rand({1, 3, 4, 4});
    const torch::Tensor smooth =
        torch::upsample_bilinear2d(coarse, {size, size}, false)[0].permute({1, 2, 0});
    return (smooth * 200 + torch::rand({size, size, 3}) * 55).to(torch::kUInt8).contiguous();
  };
  // As the robot's state is spread, some angles a turn on.
  torch::Tensor robot_obs = torch::randn({kRobotObsSize}, torch::kFloat64);
  for (size_t i = 0; i < config.state.mean.size(); ++i)
    robot_obs[i] = config.state.mean[i] + config.state.scale[i] * robot_obs[i];
  for (const int angle : config.state.angles)
    robot_obs[angle] -= 2 * std::numbers::pi * (torch::rand({}) > 0.5).item<bool>();
  return {picture(config.vision.static_camera), picture(config.vision.gripper_camera), robot_obs};
}

std::span<const uint8_t> Bytes(const torch::Tensor& t) {
  return {t.data_ptr<uint8_t>(), static_cast<size_t>(t.numel())};
}

// The same in double precision, always to the last exit: poses of all exits at each step.
class ExactRollout {
 public:
  explicit ExactRollout(const AgentModel& model) : model_(model->config) {
    model_->to(torch::kFloat64);
    model_->eval();
    const auto values = model->named_parameters();
    for (auto& item : model_->named_parameters()) item.value().copy_(values[item.key()]);
  }

  std::vector<torch::Tensor> Step(const Frame& frame, const torch::Tensor& ids, const torch::Tensor& mask) {
    const auto normalise = [&](const torch::Tensor& rgb, const ConvCameraConfig& camera) {
      return HalveAndNormalise(rgb.unsqueeze(0), camera.input_size, model_->config.vision)
          .to(torch::kFloat64);
    };
    const VisionConfig& vision = model_->config.vision;
    const CameraTokens tokens = model_->EncodeImages(normalise(frame.static_rgb, vision.static_camera),
                                                     normalise(frame.gripper_rgb, vision.gripper_camera));
    const torch::Tensor media = model_->Media(tokens, frame.robot_obs.unsqueeze(0));
    const std::vector<torch::Tensor> hidden = model_->HiddenStates(ids, mask, media);
    std::vector<torch::Tensor> poses;
    HeadState next;
    for (const int layer : model_->config.ExitLayers()) {
      next = state_;
      poses.push_back(
          model_->extra_exit->Run(model_->Pool(hidden[layer], mask).unsqueeze(1), next).pose.flatten());
    }
    state_ = next;
    return poses;
  }
  void Reset() { state_ = {}; }

 private:
  AgentModel model_;
  HeadState state_;
};

double PoseError(const ExitProbe& probe, const torch::Tensor& exact) {
  double worst = 0;
  for (int j = 0; j < 6; ++j) worst = std::max(worst, std::abs(probe.pose[j] - exact[j].item<double>()));
  return worst;
}

struct Worst {
  double pose = 0, gripper = 0, difference = 0, action = 0;
  std::vector<std::vector<float>> differences;  // the reference's, [exit][step]
  // Of poses, against double precision; where all exits are run.
  double fused_rounding = 0, reference_rounding = 0;
};

// 20 steps side by side, with a new sentence after ten.
Worst Compare(AgentModel model, const std::filesystem::path& file, const ExitOptions& exits,
              std::set<int>* exits_seen) {
  torch::NoGradGuard no_grad;
  const AgentConfig& config = model->config;
  fused::FusedModel fused(config, file, exits);
  MultiExitRollout reference(model, exits);
  ExactRollout exact(model);
  std::mt19937 generator(5);
  Worst worst;
  for (const int length : {9, 14}) {
    std::vector<int> ids = {config.language.media_token};
    while (static_cast<int>(ids.size()) < length) ids.push_back(static_cast<int>(generator() % 500));
    ids.push_back(config.language.end_of_chunk_token);
    if (length == 14) {  // something before the pictures, and a place for others that are not there
      std::swap(ids[0], ids[1]);
      ids[9] = config.language.media_token;
    }
    fused.SetPrompt(ids);
    fused.Reset(length);
    reference.Reset(length);
    exact.Reset();
    const torch::Tensor id_tensor = torch::tensor(ids).unsqueeze(0), mask = torch::ones_like(id_tensor);
    for (int i = 0; i < 10; ++i) {
      const Frame frame = RandomFrame(config);
      const CameraTokens tokens =
          model->EncodeTokens(frame.static_rgb.unsqueeze(0), frame.gripper_rgb.unsqueeze(0));
      const torch::Tensor media = model->Media(tokens, frame.robot_obs.to(torch::kFloat32).unsqueeze(0));
      const ExitStep expected = reference.Step(media, id_tensor, mask);
      const fused::FusedStep step =
          fused.Step(Bytes(frame.static_rgb), Bytes(frame.gripper_rgb),
                     {frame.robot_obs.data_ptr<double>(), static_cast<size_t>(kRobotObsSize)});
      CHECK(step.exit.exit_layer == expected.exit_layer);
      CHECK(step.layers_run == expected.exit_layer + 1);
      REQUIRE(step.exit.probes.size() == expected.probes.size());
      exits_seen->insert(step.exit.exit_layer);
      CHECK(step.exit.head_evaluations == expected.head_evaluations);
      const StepMacs macs =
          CountStep(config, static_cast<int>(ids.size()), step.layers_run, expected.head_evaluations);
      CHECK((step.macs.vision == macs.vision && step.macs.resampler == macs.resampler));
      CHECK((step.macs.state == macs.state && step.macs.head == macs.head));
      CHECK(step.macs.llm == macs.llm);
      std::vector<torch::Tensor> exact_poses;
      for (size_t p = 0; p < expected.probes.size(); ++p) {
        const ExitProbe &a = step.exit.probes[p], &b = expected.probes[p];
        worst.differences.resize(std::max(worst.differences.size(), p + 1));
        worst.differences[p].push_back(b.difference);
        CHECK(a.layer == b.layer);
        worst.difference = std::max<double>(worst.difference, std::abs(a.difference - b.difference));
        worst.gripper =
            std::max<double>(worst.gripper, std::abs(a.gripper_probability - b.gripper_probability));
        if (exits.thresholds.back() < 0 && exits.exit_layers == config.ExitLayers()) {
          if (p == 0) exact_poses = exact.Step(frame, id_tensor, mask);
          worst.fused_rounding = std::max(worst.fused_rounding, PoseError(a, exact_poses[p]));
          worst.reference_rounding = std::max(worst.reference_rounding, PoseError(b, exact_poses[p]));
        }
        for (int j = 0; j < 6; ++j)
          worst.pose = std::max<double>(worst.pose, std::abs(a.pose[j] - b.pose[j]));
      }
      worst.gripper = std::max<double>(
          worst.gripper, std::abs(step.exit.gripper_probability - expected.gripper_probability));
      for (int j = 0; j < 7; ++j)
        worst.action = std::max<double>(worst.action, std::abs(step.exit.action[j] - expected.action[j]));
    }
  }
  return worst;
}

TEST_CASE("Rollouts on the fused path are the reference's within 1e-5, whatever the sizes and exits") {
  const Folder folder;
  for (const AgentConfig& config : {PresetConfig("nano"), WideConfig(), OddConfig(), NarrowConfig()}) {
    const AgentModel model = RandomModel(config);
    const std::filesystem::path file = folder.path / (config.name + ".safetensors");
    Save(model, file);
    const std::vector<int> layers = config.ExitLayers();
    const auto run = [&](const ExitOptions& exits) {
      std::set<int> seen;
      Worst worst = Compare(model, file, exits, &seen);
      fmt::print(
          "fused {} with {} exits, {} of them taken: pose {:.1e} gripper {:.1e} difference {:.1e} action "
          "{:.1e}\n",
          config.name, exits.exit_layers.size(), seen.size(), worst.pose, worst.gripper, worst.difference,
          worst.action);
      CHECK(worst.pose < 1e-5);
      CHECK(worst.gripper < 1e-5);
      CHECK(worst.difference < 1e-5);
      CHECK(worst.action < 1e-3);  // half precision may round the other way
      return std::pair(worst, seen.size());
    };
    const Worst all = run({layers, std::vector<float>(layers.size(), -1), layers.back(), 1}).first;
    fmt::print("  from double precision {:.1e}, the reference {:.1e}\n", all.fused_rounding,
               all.reference_rounding);
    CHECK(all.fused_rounding <= 2 * all.reference_rounding);
    // About half of the steps leave at each exit.
    std::vector<float> thresholds;
    for (std::vector<float> d : all.differences) {
      std::sort(d.begin(), d.end());
      thresholds.push_back((d[d.size() / 2 - 1] + d[d.size() / 2]) / 2);
    }
    CHECK(run({layers, thresholds, layers.back(), 1}).second >= 2);
    run({layers, thresholds, layers.back(), 3});  // a decision every third step
    run({{layers[1]}, {-1}, layers[1], 1});       // one exit alone
    run({{0}, {-1}, 0, 1});                       // the first layer's: nothing below it to be weighed against
    run({{layers[0], layers[1]}, {thresholds[0]}, layers[0], 1});
    // Other criteria; those that read no poses ask the head once a step.
    const std::vector<float> halves(layers.size(), 0.5f);
    for (const char* criterion : {"action-max", "action-cosine", "feature", "time", "random"}) {
      ExitOptions exits{layers, halves, layers.back(), 1, criterion};
      if (criterion == std::string("feature")) exits.thresholds.assign(layers.size(), 0.02f);
      const size_t seen = run(exits).second;
      if (criterion == std::string("time") || criterion == std::string("random")) CHECK(seen >= 2);
    }
  }
}

TEST_CASE("Both paths leave out what lies behind a picture's last whole patch") {
  const Folder folder;
  AgentConfig config = OddConfig();
  config.name = "clip";
  config.vision.kind = VisionKind::kClip;
  config.vision.image_size = 23;  // four patches across, three pixels more
  config.vision.patch_size = 5;
  config.vision.layers = 2;
  config.vision.heads = 4;
  config.vision.output_dim = 12;
  REQUIRE(config.vision.patches() == 16);
  const AgentModel model = RandomModel(config);
  const std::filesystem::path file = folder.path / "clip.safetensors";
  Save(model, file);
  const int layer = config.ExitLayers()[0];
  std::set<int> seen;
  const Worst worst = Compare(model, file, {{layer}, {-1}, layer, 1}, &seen);
  fmt::print("fused {}: pose {:.1e} gripper {:.1e} difference {:.1e} action {:.1e}\n", config.name,
             worst.pose, worst.gripper, worst.difference, worst.action);
  CHECK(worst.pose < 5e-5);
  CHECK(worst.gripper < 5e-5);
  CHECK(worst.difference < 5e-5);
}

TEST_CASE("A file that does not fit the agent is refused with tensor and shape") {
  const Folder folder;
  const AgentConfig config = OddConfig();
  const AgentModel model = RandomModel(config);
  const ExitOptions exits{config.ExitLayers(), std::vector<float>(3, 0), config.language.layers - 1, 1};
  const std::string file = (folder.path / "model.safetensors").string();
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : model->named_parameters()) tensors[item.key()] = item.value();
  const auto refusal = [&](const std::map<std::string, torch::Tensor>& changed) {
    WriteSafetensors(file, changed);
    try {
      fused::FusedModel(config, file, exits);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refusal(tensors).empty());
  auto changed = tensors;
  changed.erase("perceiver.latents");
  CHECK(refusal(changed) == file + ": tensor 'perceiver.latents' is missing");
  changed = tensors;
  changed["perceiver.latents"] = torch::zeros({2, 20});
  CHECK(refusal(changed) == file + ": tensor 'perceiver.latents' is (2, 20), expected (3, 20)");
  changed = tensors;
  changed["perceiver.extra"] = torch::zeros({1});
  CHECK(refusal(changed) ==
        file + ": tensor 'perceiver.extra' is unexpected: the model has none of that name");
  changed = tensors;
  changed["perceiver.latents"] = torch::zeros({3, 20}, torch::kInt32);
  CHECK(refusal(changed) == file + ": tensor 'perceiver.latents' is I32, expected F32, F16 or BF16");
}

}  // namespace
}  // namespace deerbench
