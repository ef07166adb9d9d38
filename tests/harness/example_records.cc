#include "tests/harness/example_records.h"

#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <span>

#include "base/sha256.h"

namespace deerbench {

ChainRecord ExampleRecord(int index) {
  ChainRecord record;
  record.index = index;
  record.chain.state.led = true;
  record.chain.state.drawer_open = true;
  record.chain.state.block = {BlockPlace::kTable, BlockPlace::kSliderLeft, BlockPlace::kSliderRight};
  record.chain.tasks = {3, 12, 16, 20, 30};
  record.success = 1;
  record.subtasks = {{.task = 3,
                      .instruction = "first",
                      .policy_seed = UINT64_MAX - index,
                      .outcome = Outcome::kSuccess,
                      .reason = "",
                      .steps = 3},
                     {.task = 12,
                      .instruction = "second",
                      .policy_seed = 1,
                      .outcome = Outcome::kCannotAct,
                      .reason = "the block is out of reach",
                      .steps = 2}};
  for (int i = 0; i < 5; ++i) {
    StepRecord step;
    for (int k = 0; k < 6; ++k) step.action[k] = 0.1 * (i + 1) - 0.05 * k + 0.001 * index;
    step.action[6] = i % 2 == 0 ? 1 : -1;
    step.exit_layer = i % 2 == 0 ? 3 : 5;
    step.layers_run = step.exit_layer + 1;
    step.llm_macs = 1'000'000 * static_cast<uint64_t>(step.layers_run);
    step.total_macs = step.llm_macs + 2'000'000;
    step.llm_ms = 0.5f;
    step.policy_ms = 1.5f + static_cast<float>(i);
    step.env_ms = 2.5f;
    step.subtask = i < 3 ? 0 : 1;
    record.llm_macs += step.llm_macs;
    record.total_macs += step.total_macs;
    record.steps.push_back(step);
  }
  record.step_count = 5;
  record.latency = {0.5, 3.5, 2.5};
  record.memory = {1.5, 2.5, 0};
  record.checkpoint_sha256 = "abc";
  record.rss_peak_mib = 100 + index;
  record.wall_s = 0.25;
  record.final_state = {1.0 + index, -0.5, 0.25};
  record.final_state_version = 1;
  Sha256 sha;
  sha.Update(std::as_bytes(std::span(record.final_state)));
  record.final_state_sha256 = sha.HexDigest();
  return record;
}

EvalConfig ExampleConfig(int chains) {
  EvalConfig config;
  config.policy = "example";
  config.policy_options = {{"horizon", "3"}};
  config.chains = chains;
  config.seed = 7;
  config.scenes = "scenes";
  return config;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "deerbench-test-XXXXXX").string();
  path_ = mkdtemp(name.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code none;
  std::filesystem::remove_all(path_, none);
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace deerbench
