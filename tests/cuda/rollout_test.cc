// Whole rollouts of the kernels: against those of the official DeeR code, and against the fused path.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "agent/checkpoint_folder.h"
#include "agent/cuda/cuda_model.h"
#include "agent/fused/fused_model.h"
#include "base/random.h"
#include "tests/agent/recorded_config.h"
#include "tests/cuda/test_queue.h"

namespace deerbench::cuda {
namespace {

constexpr double kTolerance = 5e-5;

void Raise(double& worst, double a, double b) { worst = std::max(worst, std::abs(a - b)); }

void Raise(double& worst, const std::vector<float>& computed, const std::vector<double>& recorded,
           size_t at) {
  for (size_t i = 0; i < computed.size(); ++i) Raise(worst, computed[i], recorded.at(at + i));
}

TEST_CASE("The kernels leave at the official exits with the official actions and histories") {
  const auto folder = test::RecordedFolder("rollouts of the kernels");
  if (!folder) return;
  int files = 0;
  for (const auto& file : test::RecordedFiles(*folder, "case_", ".npz")) {
    if (file.filename().string().find("_rollout_") == std::string::npos) continue;
    auto queue = MakeTestQueue("official rollouts");
    if (!queue) return;
    ++files;
    const test::Npz npz = test::ReadNpz(file);
    const std::string letter = test::RecordedLetter(file);
    CudaModel model(test::RecordedConfig(*folder, letter), test::RecordedWeights(*folder, letter).path(),
                    test::RecordedExits(npz), std::move(queue));
    const auto ids = npz.at("input_ids").ints();
    model.SetPrompt(std::vector<int>(ids.begin(), ids.end()));
    const auto exits = npz.at("exit_layer").ints(), resets = npz.at("reset_at").ints();
    const auto poses = npz.at("pose").doubles(), grippers = npz.at("gripper_prob").doubles(),
               deltas = npz.at("delta").doubles(), h = npz.at("lstm_h").doubles(),
               c = npz.at("lstm_c").doubles();
    const size_t n_exit = deltas.size() / exits.size();
    double pose = 0, gripper = 0, delta = 0, history = 0;
    const int steps = TestSteps(static_cast<int>(exits.size()));
    for (int t = 0; t < steps; ++t) {
      if (std::find(resets.begin(), resets.end(), t) != resets.end()) model.Reset();
      const auto frame = [&](const char* name) {
        const std::vector<uint8_t>& bytes = npz.at(name).bytes;
        const size_t size = bytes.size() / exits.size();
        return std::span(bytes).subspan(t * size, size);
      };
      const CudaStep step = model.Step(frame("rgb_static_u8"), frame("rgb_gripper_u8"), {});
      INFO(file.filename().string() << " step " << t);
      CHECK(step.exit.exit_layer == exits[t]);
      CHECK(step.waits == std::max<int>(1, static_cast<int>(step.exit.probes.size())));
      size_t evaluated = 0;
      for (size_t k = 0; k < n_exit; ++k) {
        if (std::isnan(deltas[t * n_exit + k])) continue;
        REQUIRE(evaluated < step.exit.probes.size());
        Raise(delta, step.exit.probes[evaluated++].difference, deltas[t * n_exit + k]);
      }
      CHECK(evaluated == step.exit.probes.size());
      for (size_t i = 0; i < 6; ++i) Raise(pose, step.exit.pose[i], poses[t * 6 + i]);
      Raise(gripper, step.exit.gripper_probability, grippers[t]);
      Raise(history, model.h(), h, t * h.size() / exits.size());
      Raise(history, model.c(), c, t * c.size() / exits.size());
    }
    for (const double error : {pose, gripper, delta, history}) CHECK(error <= kTolerance);
    fmt::print("parity kernels {} ({}): {} steps, pose {:.1e} gripper {:.1e} delta {:.1e} history {:.1e}\n",
               file.stem().string(), model.device(), steps, pose, gripper, delta, history);
  }
  CHECK(files > 0);
}

struct Frame {
  std::vector<uint8_t> static_rgb, gripper_rgb;
  std::vector<double> robot_obs;
};

Frame RandomFrame(const AgentConfig& config, SplitMix64& random) {
  const auto picture = [&](const ConvCameraConfig& camera) {
    std::vector<uint8_t> rgb(size_t{3} * camera.picture_size() * camera.picture_size());
    for (size_t i = 0; i < rgb.size(); ++i)
      rgb[i] = static_cast<uint8_t>(random.Below(100) + (i / 600) % 3 * 70);  // stripes under noise
    return rgb;
  };
  Frame frame{picture(config.vision.static_camera), picture(config.vision.gripper_camera), {}};
  for (size_t i = 0; i < config.state.mean.size(); ++i)
    frame.robot_obs.push_back(config.state.mean[i] + config.state.scale[i] * (random.Uniform() - 0.5));
  return frame;
}

// Steps of the shipped agent on both paths; the last exit always, so that all layers run.
void CompareNano(const WeightTypes& types, const Precision& precision, double tolerance) {
  auto queue = MakeTestQueue("the shipped agent");
  if (!queue) return;
  const char* models = std::getenv("DEERBENCH_MODELS");
  REQUIRE(models != nullptr);
  const CheckpointFolder checkpoint = OpenCheckpoint(std::filesystem::path(models) / "nano-d");
  const AgentConfig& config = checkpoint.config;
  const std::vector<int> layers = config.ExitLayers();
  const ExitOptions exits{layers, std::vector<float>(layers.size(), -1), layers.back(), 1};
  fused::FusedModel fused(config, checkpoint.weights(), exits, {.precision = precision});
  CudaModel model(config, checkpoint.weights(), exits, std::move(queue), types);
  SplitMix64 random(3);
  double worst = 0;
  for (const int tokens : {5, 18}) {
    std::vector<int> ids = {config.language.media_token};
    while (static_cast<int>(ids.size()) < tokens) ids.push_back(static_cast<int>(random.Below(400)));
    fused.SetPrompt(ids);
    model.SetPrompt(ids);
    fused.Reset(1);
    model.Reset(1);
    for (int t = 0; t < TestSteps(10) / 2 + 1; ++t) {
      const Frame frame = RandomFrame(config, random);
      const fused::FusedStep expected = fused.Step(frame.static_rgb, frame.gripper_rgb, frame.robot_obs);
      const CudaStep step = model.Step(frame.static_rgb, frame.gripper_rgb, frame.robot_obs);
      REQUIRE(step.exit.probes.size() == expected.exit.probes.size());
      CHECK(step.macs.total() == expected.macs.total());
      CHECK(step.exit.head_evaluations == expected.exit.head_evaluations);
      for (size_t p = 0; p < step.exit.probes.size(); ++p) {
        const ExitProbe &a = step.exit.probes[p], &b = expected.exit.probes[p];
        for (int i = 0; i < 6; ++i) Raise(worst, a.pose[i], b.pose[i]);
        Raise(worst, a.difference, b.difference);
        Raise(worst, a.gripper_probability, b.gripper_probability);
      }
    }
  }
  CHECK(worst < tolerance);
  fmt::print("kernels and fused path, shipped agent in {}: {:.1e} at most\n", ToText(precision), worst);
}

TEST_CASE("The shipped agent acts with the kernels as on the fused path") { CompareNano({}, {}, 5e-5); }

TEST_CASE("Half precision rounds the weights alone, as on the fused path") {
  CompareNano({Number::kBFloat16, Number::kBFloat16, Number::kBFloat16}, ParsePrecision("bf16"), 2e-3);
  CompareNano({Number::kFloat16, Number::kFloat16, Number::kFloat16}, ParsePrecision("fp16"), 2e-3);
}

}  // namespace
}  // namespace deerbench::cuda
