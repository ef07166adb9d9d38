// The agent on the kernels as the harness evaluates it, on the emulated queue, beside the fused path.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "agent/checkpoint_folder.h"
#include "agent/cuda/host_queue.h"
#include "agent/random_checkpoint.h"
#include "agent/thresholds.h"
#include "base/file.h"
#include "base/random.h"
#include "harness/bench/cuda_bench.h"
#include "harness/policies/deer/cuda_backend.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/policies/deer/fused_backend.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

fs::path Scenes() {
  const char* scenes = std::getenv("DEERBENCH_SCENES");
  REQUIRE(scenes != nullptr);
  return scenes;
}

// Every exit weighed up to `highest`, which is taken.
ExitOptions NeverBefore(const std::vector<int>& layers, int highest) {
  return DynamicExits(layers, std::vector<float>(layers.size(), kNeverExit), highest);
}

// An agent that is small enough for the emulation: six layers of nano's, three exits.
AgentRequest SmallAgent(const fs::path& folder, const std::string& criterion = kDefaultCriterion) {
  const std::string tokenizer = ReadFile(Scenes() / "tokenizer.json");
  const AgentConfig config = RandomCheckpointConfig("nano", 6, tokenizer);
  WriteRandomCheckpoint(folder, config, tokenizer);
  ExitOptions exits = NeverBefore(config.ExitLayers(), config.ExitLayers().back());
  exits.criterion = criterion;
  return {.checkpoint = folder, .exits = exits};
}

Observation Look(SplitMix64& random) {
  Observation seen;
  const auto fill = [&](std::vector<uint8_t>& rgb, int size) {
    rgb.resize(size_t{3} * size * size);
    for (size_t i = 0; i < rgb.size(); ++i)
      rgb[i] = static_cast<uint8_t>(random.Below(100) + (i / 600) % 3 * 70);  // stripes under noise
  };
  fill(seen.rgb_static, seen.static_size);
  fill(seen.rgb_gripper, seen.gripper_size);
  for (double& value : seen.robot_obs) value = random.Uniform() - 0.5;
  return seen;
}

struct Agreement {
  int steps = 0;
  double action = 0, pose = 0, difference = 0;
  std::vector<int> exits;  // taken, by layer
};

// Subtasks with their sentences, one after the other, as an evaluation asks for them.
Agreement WorkSideBySide(AgentBackend& one, AgentBackend& other) {
  Agreement result;
  result.exits.resize(16);
  SplitMix64 random(5);
  constexpr const char* kSentences[] = {"open the drawer", "push the sliding door to the left side",
                                        "open the drawer"};
  uint64_t seed = 0;
  for (const char* sentence : kSentences) {
    for (AgentBackend* agent : {&one, &other}) agent->Reset(seed);
    ++seed;
    for (int t = 0; t < 6; ++t) {
      const Observation seen = Look(random);
      const AgentDecision a = one.Decide(seen, sentence), b = other.Decide(seen, sentence);
      CHECK(a.cost.exit_layer == b.cost.exit_layer);
      CHECK(a.cost.layers_run == b.cost.layers_run);
      CHECK(a.cost.llm_macs == b.cost.llm_macs);
      CHECK(a.cost.total_macs == b.cost.total_macs);
      REQUIRE(a.probes.size() == b.probes.size());
      for (size_t p = 0; p < a.probes.size(); ++p) {
        result.difference =
            std::max<double>(result.difference, std::abs(a.probes[p].difference - b.probes[p].difference));
        for (int i = 0; i < 6; ++i)
          result.pose = std::max<double>(result.pose, std::abs(a.probes[p].pose[i] - b.probes[p].pose[i]));
      }
      for (size_t i = 0; i < a.action.size(); ++i)
        result.action = std::max(result.action, std::abs(a.action[i] - b.action[i]));
      ++result.exits.at(a.cost.exit_layer);
      ++result.steps;
    }
  }
  return result;
}

// Thresholds between the differences that the fused path meets, so that exits are taken early and late.
std::vector<float> MixedThresholds(const AgentRequest& all) {
  const auto agent = MakeFusedAgent(all);
  std::vector<std::vector<float>> met(all.exits.exit_layers.size());
  SplitMix64 random(5);
  agent->Reset(0);
  for (int t = 0; t < 9; ++t) {
    const AgentDecision decision = agent->Decide(Look(random), "open the drawer");
    for (size_t p = 0; p < decision.probes.size(); ++p) met[p].push_back(decision.probes[p].difference);
  }
  std::vector<float> thresholds;
  for (std::vector<float>& values : met) {
    std::sort(values.begin(), values.end());
    thresholds.push_back(0.5f * (values[3] + values[4]));
  }
  return thresholds;
}

}  // namespace

TEST_CASE("Evaluated on the kernels the agent takes the fused path's exits and actions") {
  for (const char* criterion : {"action", "feature"}) {
    const TemporaryFolder folder;
    AgentRequest request = SmallAgent(folder.path() / "agent", criterion);
    request.exits.thresholds = MixedThresholds(request);
    const auto kernels = MakeCudaAgent(request, cuda::MakeHostQueue());
    const Agreement agreement = WorkSideBySide(*MakeFusedAgent(request), *kernels);
    CHECK(agreement.action <= 5e-5);
    CHECK(agreement.pose <= 5e-5);
    CHECK(agreement.difference <= 5e-5);
    // Early and late exits both occurred.
    CHECK(std::count_if(agreement.exits.begin(), agreement.exits.end(), [](int n) { return n > 0; }) >= 2);
    fmt::print("backend cuda, {}: {} steps, actions {:.1e}, poses {:.1e}, differences {:.1e}\n", criterion,
               agreement.steps, agreement.action, agreement.pose, agreement.difference);
  }
}

TEST_CASE("A backend on the kernels states its weights and what lies on the device") {
  const TemporaryFolder folder;
  AgentRequest request = SmallAgent(folder.path() / "agent");
  const PolicyMemory single = MakeCudaAgent(request, cuda::MakeHostQueue())->memory();
  const PolicyMemory fused = MakeFusedAgent(request)->memory();
  CHECK(single.llm_weights_mib == Approx(fused.llm_weights_mib).epsilon(0.05));
  CHECK(single.all_weights_mib == Approx(fused.all_weights_mib).epsilon(0.05));
  CHECK(single.cuda_peak_mib > single.all_weights_mib);
  request.precision = ParsePrecision("llm=bf16");
  const PolicyMemory half = MakeCudaAgent(request, cuda::MakeHostQueue())->memory();
  CHECK(half.llm_weights_mib < 0.6 * single.llm_weights_mib);
  request.exits = NeverBefore({1, 3, 5}, 1);
  CHECK(MakeCudaAgent(request, cuda::MakeHostQueue())->memory().llm_weights_mib ==
        Approx(half.llm_weights_mib / 3));
}

TEST_CASE("A precision that the kernels do not have is refused by name") {
  const TemporaryFolder folder;
  AgentRequest request = SmallAgent(folder.path() / "agent");
  request.precision = ParsePrecision("llm=int8");
  CHECK_THROWS_WITH(MakeCudaAgent(request, cuda::MakeHostQueue()),
                    "precision: 'llm=int8', expected fp32, bf16 or fp16 with backend cuda");
}

TEST_CASE("The bench of the kernels times every exit and states what its weights take to read") {
  const TemporaryFolder folder;
  AgentBenchOptions options;
  options.agent = SmallAgent(folder.path() / "agent");
  options.exit_layers = {1, 3, 5};
  options.steps = 3;
  options.text_tokens = 7;
  options.copy_bytes = 1 << 20;
  options.memory_layers = {2, 4, 6, 8};
  const AgentBench bench = BenchCuda(LoadTabletopScene("D", Scenes().string(), ""), options,
                                     [] { return cuda::MakeHostQueue(); }, {});
  REQUIRE(bench.device);
  CHECK(bench.device->name == "CPU, emulated");
  CHECK(bench.device->copy_gb_s > 0);
  REQUIRE(bench.device->exits.size() == 3);
  double mib = 0, ms = 0;
  for (const DeviceExit& exit : bench.device->exits) {
    CHECK(exit.p50_ms > ms);
    CHECK(exit.p95_ms >= exit.p50_ms);
    CHECK(exit.mib > mib);
    CHECK(exit.least_ms == Approx(exit.mib * (1 << 20) / bench.device->copy_gb_s * 1e-6));
    ms = exit.p50_ms;
    mib = exit.mib;
  }
  // To the last exit every weight is read, the head's but for the history's half four times.
  CHECK(mib > bench.memory.back().all_mib);
  CHECK(mib < 4 * bench.memory.back().all_mib);
  CHECK(bench.memory.size() == 3);
  CHECK(bench.mean_layers == 6);
  CHECK(bench.step_ms > 0);
}

}  // namespace deerbench
