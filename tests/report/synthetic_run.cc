#include "tests/report/synthetic_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/report/recorder.h"
#include "sim/tasks/task.h"

namespace deerbench {
namespace {

using Json = nlohmann::ordered_json;

// A stream of uniform numbers in [0, 1), SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  double Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return static_cast<double>((z ^ z >> 31) >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

std::array<double, 2> Wilson(int successes, int attempts) {
  const double n = attempts, p = successes / n, z2 = 3.8415;
  const double center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = std::sqrt(z2) / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

Json Spread(double mean) {
  return {{"mean", mean}, {"p50", 0.9 * mean}, {"p95", 2.1 * mean}, {"max", 3 * mean}};
}

std::string Sentence(std::string_view task) {
  std::string out(task);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out.starts_with("lift") || out.starts_with("push") ? out + " with care" : out;
}

void RecordChain(const std::filesystem::path& folder, const Json& chain, bool video) {
  RecordedChain recorded{chain["index"], fmt::format("D→D · chain {}", chain["index"].get<int>()), {}};
  for (const Json& task : chain["tasks"]) recorded.instructions.push_back(Sentence(task.get<std::string>()));
  EpisodeRecorder recorder(folder, recorded, {.video = video});
  int done = 0;
  for (const Json& subtask : chain["subtasks"]) {
    const int steps = subtask["steps"];
    recorder.BeginSubtask();
    for (int i = 0; i <= steps; i += 3) {  // a third of the steps: enough to look at
      const double time = static_cast<double>(i) / steps;
      recorder.Add(SyntheticView(200, time).view(), SyntheticView(84, 1 - time).view());
    }
    recorder.EndSubtask(done++ < chain["success"].get<int>());
  }
  recorder.Finish();
}

}  // namespace

void MakeSyntheticRun(const std::filesystem::path& folder, const SyntheticRunOptions& options) {
  std::filesystem::create_directories(folder);
  Random random(options.seed), choice(0);
  std::ofstream episodes(folder / "episodes.jsonl");
  std::array<int, 5> at_least{};
  std::map<std::string, std::array<int, 2>> tasks;  // attempts, successes
  int total_length = 0, steps = 0;
  for (int c = 0; c < options.chains; ++c) {
    Json chain{{"index", c}, {"tasks", Json::array()}, {"success", 0}, {"subtasks", Json::array()}};
    bool alive = true;
    for (int k = 0; k < 5; ++k) {  // the same for every seed, as evaluation chains are
      chain["tasks"].push_back(Tasks()[static_cast<size_t>(choice.Next() * kTaskCount)].name);
    }
    for (int k = 0; k < 5 && alive; ++k) {
      const std::string task = chain["tasks"][static_cast<size_t>(k)];
      alive = random.Next() < options.skill;
      const bool cannot = !alive && random.Next() < 0.3;
      const int taken = alive ? 30 + static_cast<int>(random.Next() * 60) : cannot ? 12 : 360;
      std::string instruction = Sentence(task);
      if (c == 0 && k == 0 && !options.first_instruction.empty()) instruction = options.first_instruction;
      chain["subtasks"].push_back({{"task", task},
                                   {"instruction", instruction},
                                   {"steps", taken},
                                   {"outcome", alive    ? "success"
                                               : cannot ? "cannot_act"
                                                        : "timeout"}});
      if (cannot) chain["subtasks"].back()["reason"] = "no grasp is within reach";
      ++tasks[task][0];
      tasks[task][1] += alive;
      steps += taken;
      if (alive) {
        chain["success"] = k + 1;
        ++at_least[static_cast<size_t>(k)];
        ++total_length;
      }
    }
    episodes << chain.dump() << "\n";
    if (c < options.strips) RecordChain(folder, chain, c < options.videos);
  }

  Json per_task = Json::object();
  for (const auto& [name, counts] : tasks) {
    per_task[name] = {{"attempts", counts[0]},
                      {"successes", counts[1]},
                      {"rate", static_cast<double>(counts[1]) / counts[0]},
                      {"ci95", Wilson(counts[1], counts[0])},
                      {"mean_steps", counts[1] > 0 ? 54.0 : 0.0}};
    if (counts[1] + 1 < counts[0]) per_task[name]["reasons"] = {{"no grasp is within reach", 1}};
  }
  Json rates = Json::array(), intervals = Json::array();
  for (const int count : at_least) {
    rates.push_back(static_cast<double>(count) / options.chains);
    intervals.push_back(Wilson(count, options.chains));
  }
  const double length = static_cast<double>(total_length) / options.chains;
  const double cost = options.costs ? options.gmacs : 0;
  Json summary{{"schema", "deerbench.summary/1"},
               {"split", "D->D"},
               {"scene", "D"},
               {"train_scenes", {"D"}},
               {"policy", options.policy},
               {"policy_options", Json::object()},
               {"chain_set", "evaluation"},
               {"assets", ""},
               {"seed", 0},
               {"chains", options.chains},
               {"checkpoint_sha256", ""},
               {"success_rate_at", rates},
               {"success_rate_at_ci95", intervals},
               {"avg_len", length},
               {"avg_len_ci95", {length - 0.21, std::min(5.0, length + 0.19)}},
               {"per_task", per_task},
               {"steps", steps},
               {"exit_histogram", Json::object()},
               {"llm_gmacs_per_step", Spread(cost)},
               {"total_gmacs_per_step", Spread(1.8 * cost)},
               {"llm_gmacs_per_episode", Spread(240 * cost)},
               {"gmacs_per_episode", Spread(430 * cost)},
               {"latency_ms",
                {{"llm", Spread(options.costs ? 1.3 : 0)}, {"policy", Spread(2.35)}, {"env", Spread(4.1)}}},
               {"memory_mib",
                {{"llm_weights", options.costs ? 4.2 : 0.0},
                 {"all_weights", options.costs ? 9.6 : 0.0},
                 {"rss_peak", 212.4},
                 {"cuda_peak", 0}}},
               {"wall_s", 183.2},
               {"workers", 2},
               {"version", "0.1.0"},
               {"machine",
                {{"cpu_model", "A Processor of 2 Cores"},
                 {"cores", 2},
                 {"memory_mib", 15990.0},
                 {"capability", "AVX2"},
                 {"os", "Linux 6.1"}}},
               {"digest", "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed"}};
  if (options.costs) {
    summary["policy_options"] = {{"checkpoint", "nano-d"}, {"exit", "dynamic"}};
    summary["checkpoint_sha256"] = "89e6c98d92887913cadf06b2adb97f26cde4849b89e6c98d92887913cadf06b2";
    for (int layer = 1; layer < 12; layer += 2) {
      summary["exit_histogram"][fmt::format("{}", layer)] =
          static_cast<int>(steps * (layer == 1 ? 0.58 : 0.084));
    }
  }
  std::ofstream(folder / "summary.json") << summary.dump(2) << "\n";
}

}  // namespace deerbench
