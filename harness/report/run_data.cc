#include "harness/report/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// Sets `out` if the key is there and not null.
template <typename T>
void Read(const Json& json, const char* key, T& out) {
  const auto found = json.find(key);
  if (found != json.end() && !found->is_null()) out = found->get<T>();
}

// A figure that is zero where there was nothing to count.
std::optional<double> Counted(const Json& json, const char* key) {
  double value = 0;
  Read(json, key, value);
  return value > 0 ? std::optional(value) : std::nullopt;
}

std::optional<Spread> CountedSpread(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_object()) return std::nullopt;
  Spread spread;
  Read(*found, "mean", spread.mean);
  Read(*found, "p50", spread.p50);
  Read(*found, "p95", spread.p95);
  Read(*found, "max", spread.max);
  return spread.mean > 0 ? std::optional(spread) : std::nullopt;
}

std::optional<Interval> ReadInterval(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? std::nullopt : std::optional(found->get<Interval>());
}

const Json& Object(const Json& json, const char* key) {
  static const Json kNone = Json::object();
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : kNone;
}

TaskRate ReadTask(const std::string& name, const Json& json) {
  TaskRate task;
  task.name = name;
  Read(json, "attempts", task.attempts);
  Read(json, "successes", task.successes);
  task.rate = task.attempts > 0 ? static_cast<double>(task.successes) / task.attempts : 0;
  task.ci95 = ReadInterval(json, "ci95");
  task.mean_steps = Counted(json, "mean_steps");
  for (const auto& [reason, count] : Object(json, "reasons").items())
    task.reasons.emplace_back(reason, count.get<int>());
  return task;
}

std::vector<std::pair<std::string, std::string>> DescribeMachine(const Json& json) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto text = [&](const char* key, const char* title) {
    std::string value;
    Read(json, key, value);
    if (!value.empty()) out.emplace_back(title, value);
  };
  text("cpu_model", "Processor");
  if (const auto cores = Counted(json, "cores")) out.emplace_back("Cores", fmt::format("{:.0f}", *cores));
  if (const auto memory = Counted(json, "memory_mib")) {
    out.emplace_back("Memory", fmt::format("{:.1f} GiB", *memory / 1024));
  }
  text("capability", "CPU capability");
  text("gpu", "GPU");
  text("os", "System");
  return out;
}

void ReadSummary(const Json& json, RunData& run) {
  const auto schema = json.value("schema", std::string());
  if (!schema.starts_with("deerbench.summary/1")) {
    Fail(fmt::format("schema: '{}': expected deerbench.summary/1", schema));
  }
  run.split = json.at("split");
  run.policy = json.at("policy");
  run.chains = json.at("chains");
  run.avg_len = json.at("avg_len");
  run.success_rate_at = json.at("success_rate_at").get<std::vector<double>>();
  Read(json, "scene", run.scene);
  Read(json, "train_scenes", run.train_scenes);
  for (const auto& [key, value] : Object(json, "policy_options").items()) {
    run.policy_options.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  Read(json, "checkpoint_sha256", run.checkpoint_sha256);
  Read(json, "chain_set", run.chain_set);
  std::string assets;
  Read(json, "assets", assets);
  run.foreign_assets = !assets.empty();
  Read(json, "seed", run.seed);
  Read(json, "workers", run.workers);
  Read(json, "version", run.version);
  Read(json, "digest", run.digest);
  run.avg_len_ci95 = ReadInterval(json, "avg_len_ci95");
  Read(json, "success_rate_at_ci95", run.success_rate_at_ci95);
  if (run.success_rate_at_ci95.size() != run.success_rate_at.size()) run.success_rate_at_ci95.clear();
  for (const auto& [name, task] : Object(json, "per_task").items())
    run.per_task.push_back(ReadTask(name, task));

  Read(json, "steps", run.steps);
  for (const auto& [layer, count] : Object(json, "exit_histogram").items()) {
    int number = 0;
    const auto [end, error] = std::from_chars(layer.data(), layer.data() + layer.size(), number);
    if (error != std::errc() || end != layer.data() + layer.size()) {
      Fail(fmt::format("exit_histogram: '{}': expected the number of a layer", layer));
    }
    run.exit_histogram[number] = count.get<uint64_t>();
  }
  run.layers_per_step = Counted(json, "layers_per_step");
  run.llm_gmacs_per_step = CountedSpread(json, "llm_gmacs_per_step");
  run.total_gmacs_per_step = CountedSpread(json, "total_gmacs_per_step");
  run.llm_gmacs_per_episode = CountedSpread(json, "llm_gmacs_per_episode");
  run.gmacs_per_episode = CountedSpread(json, "gmacs_per_episode");
  const Json& latency = Object(json, "latency_ms");
  run.llm_ms = CountedSpread(latency, "llm");
  run.policy_ms = CountedSpread(latency, "policy");
  run.env_ms = CountedSpread(latency, "env");
  const Json& memory = Object(json, "memory_mib");
  run.llm_weights_mib = Counted(memory, "llm_weights");
  run.all_weights_mib = Counted(memory, "all_weights");
  run.rss_peak_mib = Counted(memory, "rss_peak");
  run.cuda_peak_mib = Counted(memory, "cuda_peak");
  run.wall_s = Counted(json, "wall_s");
  run.machine = DescribeMachine(Object(json, "machine"));
}

ChainResult ReadChain(const Json& json) {
  ChainResult chain;
  chain.index = json.at("index");
  Read(json, "success", chain.success);
  Read(json, "tasks", chain.tasks);
  const auto subtasks = json.find("subtasks");
  if (subtasks == json.end()) return chain;
  for (const Json& item : *subtasks) {
    SubtaskResult subtask;
    Read(item, "task", subtask.task);
    Read(item, "instruction", subtask.instruction);
    Read(item, "reason", subtask.reason);
    Read(item, "steps", subtask.steps);
    subtask.success = static_cast<int>(chain.subtasks.size()) < chain.success;
    chain.subtasks.push_back(std::move(subtask));
  }
  return chain;
}

void ReadEpisodes(const fs::path& path, RunData& run) {
  if (!fs::exists(path)) return;
  const std::string text = ReadFile(path);
  size_t at = 0;
  for (int number = 1; at < text.size(); ++number) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) break;  // a line that a crash cut off
    try {
      run.episodes.push_back(ReadChain(Json::parse(text.begin() + static_cast<ptrdiff_t>(at),
                                                   text.begin() + static_cast<ptrdiff_t>(end))));
    } catch (const Json::exception& error) {
      Fail(fmt::format("{}: line {}: {}", path.string(), number, error.what()));
    }
    at = end + 1;
  }
  std::stable_sort(run.episodes.begin(), run.episodes.end(),
                   [](const ChainResult& a, const ChainResult& b) { return a.index < b.index; });
}

}  // namespace

RunData LoadRun(const fs::path& folder) {
  RunData run;
  run.folder = folder;
  const fs::path named = folder.has_filename() ? folder : folder.parent_path();  // "runs/a/" as "runs/a"
  run.name = fs::weakly_canonical(named).filename().string();
  const fs::path summary = folder / "summary.json";
  const std::string text = ReadFile(summary);
  try {
    ReadSummary(Json::parse(text), run);
  } catch (const Json::exception& error) {
    Fail(fmt::format("{}: {}", summary.string(), error.what()));
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", summary.string(), error.what()));
  }
  ReadEpisodes(folder / "episodes.jsonl", run);
  return run;
}

}  // namespace deerbench
