// The fused path against rollouts of the official DeeR code: pictures, tokens and weights in, actions, exits
// and histories out; and what other precisions than single change in them.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "agent/fused/fused_model.h"
#include "tests/agent/recorded_config.h"

namespace deerbench::test {
namespace {

constexpr double kTolerance = 5e-5;

struct Comparison {
  double pose = 0, gripper = 0, delta = 0, h = 0, c = 0, pooled = 0;  // largest differences
  double pose_squares = 0;                                            // sum over all numbers
  ActionError action;
  int steps = 0, equal_exits = 0;
};

void Raise(double& worst, double a, double b) { worst = std::max(worst, std::abs(a - b)); }

void Raise(double& worst, const fused::Matrix& computed, const std::vector<double>& recorded, size_t first) {
  for (int i = 0; i < computed.rows(); ++i) {
    for (int j = 0; j < computed.width(); ++j)
      Raise(worst, computed.row(i)[j], recorded.at(first + static_cast<size_t>(i) * computed.width() + j));
  }
}

Comparison Compare(const std::filesystem::path& folder, const std::filesystem::path& file,
                   const fused::FusedOptions& how) {
  const Npz npz = ReadNpz(file);
  const std::string letter = RecordedLetter(file);
  fused::FusedModel model(RecordedConfig(folder, letter), RecordedWeights(folder, letter).path(),
                          RecordedExits(npz), how);
  const auto mask = npz.at("attention_mask").ints(), ids = npz.at("input_ids").ints();
  REQUIRE(std::count(mask.begin(), mask.end(), 1) == static_cast<ptrdiff_t>(mask.size()));
  model.SetPrompt(std::vector<int>(ids.begin(), ids.end()));
  const NpyArray &rgb_static = npz.at("rgb_static_u8"), &rgb_gripper = npz.at("rgb_gripper_u8");
  const auto exits = npz.at("exit_layer").ints(), resets = npz.at("reset_at").ints();
  const auto actions = npz.at("action_f16").doubles(), poses = npz.at("pose").doubles(),
             grippers = npz.at("gripper_prob").doubles(), deltas = npz.at("delta").doubles(),
             h = npz.at("lstm_h").doubles(), c = npz.at("lstm_c").doubles(),
             pooled = npz.at("pooled_exit").doubles();
  Comparison worst;
  worst.steps = static_cast<int>(exits.size());
  const size_t n_exit = deltas.size() / exits.size();
  for (size_t t = 0; t < exits.size(); ++t) {
    if (std::find(resets.begin(), resets.end(), static_cast<int64_t>(t)) != resets.end()) model.Reset();
    const auto frame = [&](const NpyArray& pictures) {
      const size_t size = pictures.bytes.size() / exits.size();
      return std::span(pictures.bytes).subspan(t * size, size);
    };
    const ExitStep step = model.Step(frame(rgb_static), frame(rgb_gripper), {}).exit;
    worst.equal_exits += step.exit_layer == exits[t];
    size_t evaluated = 0;
    for (size_t k = 0; k < n_exit; ++k) {
      if (std::isnan(deltas[t * n_exit + k]) || evaluated >= step.probes.size()) continue;
      Raise(worst.delta, step.probes[evaluated++].difference, deltas[t * n_exit + k]);
    }
    for (size_t i = 0; i < 6; ++i) {
      Raise(worst.pose, step.pose[i], poses[t * 6 + i]);
      worst.pose_squares += std::pow(step.pose[i] - poses[t * 6 + i], 2);
    }
    Raise(worst.gripper, step.gripper_probability, grippers[t]);
    worst.action.Add(step, &actions[t * 7]);
    Raise(worst.h, model.history().h, h, t * h.size() / exits.size());
    Raise(worst.c, model.history().c, c, t * c.size() / exits.size());
    Raise(worst.pooled, model.pooled(), pooled, t * pooled.size() / exits.size());
  }
  return worst;
}

std::vector<std::filesystem::path> Rollouts(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : RecordedFiles(folder, "case_", ".npz")) {
    if (file.filename().string().find("_rollout_") != std::string::npos) files.push_back(file);
  }
  REQUIRE(!files.empty());
  return files;
}

TEST_CASE("The fused path leaves at the official exits with the official actions and histories") {
  const auto folder = RecordedFolder("fused rollouts");
  if (!folder) return;
  for (const auto& file : Rollouts(*folder)) {
    const Comparison worst = Compare(*folder, file, {.threads = 2});
    INFO(file.filename().string());
    CHECK(worst.equal_exits == worst.steps);
    for (const double error : {worst.pose, worst.gripper, worst.delta, worst.h, worst.c, worst.pooled})
      CHECK(error <= kTolerance);
    // Half a unit of half precision, but for the pose's own error; next to nothing lies in between.
    CHECK(worst.action.beyond <= kTolerance);
    CHECK(worst.action.equal >= 0.95 * worst.action.count);
    fmt::print(
        "parity fused {}: exits {}/{} pose {:.1e} gripper {:.1e} delta {:.1e} h {:.1e} c {:.1e} pooled "
        "{:.1e} "
        "action {:.3f} ulp before rounding, {} of {} equal as float16\n",
        file.stem().string(), worst.equal_exits, worst.steps, worst.pose, worst.gripper, worst.delta, worst.h,
        worst.c, worst.pooled, worst.action.unrounded_ulps, worst.action.equal, worst.action.count);
  }
}

TEST_CASE("Other precisions than single move the official poses by no more than their rounding") {
  const auto folder = RecordedFolder("fused precisions");
  if (!folder) return;
  // Root mean squares. Random weights, several LSTM layers and norms of small numbers let a rounding error
  // grow some twenty times on its way to a pose, which no trained model does; what four bits leave of it says
  // nothing.
  const std::pair<const char*, double> cases[] = {{"fp16", 1e-2},        {"bf16", 6e-2},
                                                  {"int8", 0.4},         {"llm=int8", 0.4},
                                                  {"vision=int8", 0.25}, {"head=int8", 0.25}};
  for (const auto& [text, tolerance] : cases) {
    double squares = 0, worst = 0;
    int steps = 0;
    for (const auto& file : Rollouts(*folder)) {
      // Always the last exit: one that flips is no rounding error of a pose.
      if (file.filename().string().find("_alllast") == std::string::npos) continue;
      const Comparison found = Compare(*folder, file, {.precision = ParsePrecision(text)});
      CHECK(found.equal_exits == found.steps);
      squares += found.pose_squares;
      worst = std::max(worst, found.pose);
      steps += found.steps;
    }
    INFO(text);
    REQUIRE(steps > 0);
    const double error = std::sqrt(squares / (6 * steps));
    CHECK(error < tolerance);
    CHECK(error > 1e-6);  // it did change something
    fmt::print("parity fused {}: pose {:.1e} root mean square, {:.1e} at most\n", text, error, worst);
  }
}

}  // namespace
}  // namespace deerbench::test
