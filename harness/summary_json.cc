#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "harness/summary.h"

namespace deerbench {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Distribution& d, double scale = 1) {
  return {{"mean", scale * d.mean}, {"p50", scale * d.p50}, {"p95", scale * d.p95}, {"max", scale * d.max}};
}

Distribution ReadDistribution(const Json& json) {
  return {json.at("mean"), json.at("p50"), json.at("p95"), json.at("max")};
}

Json ToJson(const TaskSummary& task) {
  Json json{{"attempts", task.attempts}, {"successes", task.successes},   {"rate", task.rate},
            {"ci95", task.ci95},         {"mean_steps", task.mean_steps}, {"cannot_act", task.cannot_act}};
  if (!task.reasons.empty()) json["reasons"] = task.reasons;
  return json;
}

TaskSummary ReadTask(const Json& json) {
  TaskSummary task{json.at("attempts"),
                   json.at("successes"),
                   json.at("rate"),
                   json.at("ci95"),
                   json.at("mean_steps"),
                   json.at("cannot_act"),
                   {}};
  if (json.contains("reasons")) task.reasons = json.at("reasons");
  return task;
}

Summary Read(const Json& json) {
  Summary s;
  s.split = json.at("split");
  s.scene = json.at("scene");
  s.train_scenes = json.at("train_scenes");
  s.policy = json.at("policy");
  s.policy_options = json.at("policy_options");
  s.checkpoint_sha256 = json.at("checkpoint_sha256");
  s.chain_set = json.at("chain_set");
  s.assets = json.at("assets");
  s.seed = json.at("seed");
  s.chains = json.at("chains");
  s.success_rate_at = json.at("success_rate_at");
  s.success_rate_at_ci95 = json.at("success_rate_at_ci95");
  s.avg_len = json.at("avg_len");
  s.avg_len_ci95 = json.at("avg_len_ci95");
  for (const auto& [name, task] : json.at("per_task").items()) s.per_task[TaskByName(name)] = ReadTask(task);
  s.steps = json.at("steps");
  for (const auto& [layer, count] : json.at("exit_histogram").items())
    s.exit_histogram[std::stoi(layer)] = count;
  s.layers_per_step = json.at("layers_per_step");
  s.llm_gmacs_per_step = ReadDistribution(json.at("llm_gmacs_per_step"));
  s.total_gmacs_per_step = ReadDistribution(json.at("total_gmacs_per_step"));
  s.llm_gmacs_per_episode = ReadDistribution(json.at("llm_gmacs_per_episode"));
  s.gmacs_per_episode = ReadDistribution(json.at("gmacs_per_episode"));
  const Json& latency = json.at("latency_ms");
  s.llm_ms = ReadDistribution(latency.at("llm"));
  s.policy_ms = ReadDistribution(latency.at("policy"));
  s.env_ms = ReadDistribution(latency.at("env"));
  const Json& memory = json.at("memory_mib");
  s.memory = {memory.at("llm_weights"), memory.at("all_weights"), memory.at("cuda_peak")};
  s.rss_peak_mib = memory.at("rss_peak");
  s.wall_s = json.at("wall_s");
  s.workers = json.at("workers");
  const Json& machine = json.at("machine");
  s.machine = {machine.at("cpu_model"), machine.at("cores"), machine.at("memory_mib"),
               machine.at("capability"), machine.at("os")};
  s.version = json.at("version");
  s.digest = json.at("digest");
  return s;
}

}  // namespace

std::string ToJson(const Summary& s) {
  Json per_task = Json::object();
  for (const auto& [id, task] : s.per_task) per_task[std::string(Tasks()[id].name)] = ToJson(task);
  Json exits = Json::object();
  for (const auto& [layer, count] : s.exit_histogram) exits[std::to_string(layer)] = count;
  const Json json{
      {"schema", kSummarySchema},
      {"split", s.split},
      {"scene", s.scene},
      {"train_scenes", s.train_scenes},
      {"policy", s.policy},
      {"policy_options", s.policy_options},
      {"checkpoint_sha256", s.checkpoint_sha256},
      {"chain_set", s.chain_set},
      {"assets", s.assets},
      {"seed", s.seed},
      {"chains", s.chains},
      {"success_rate_at", s.success_rate_at},
      {"success_rate_at_ci95", s.success_rate_at_ci95},
      {"avg_len", s.avg_len},
      {"avg_len_ci95", s.avg_len_ci95},
      {"per_task", std::move(per_task)},
      {"steps", s.steps},
      {"exit_histogram", std::move(exits)},
      {"layers_per_step", s.layers_per_step},
      {"llm_gmacs_per_step", ToJson(s.llm_gmacs_per_step)},
      {"total_gmacs_per_step", ToJson(s.total_gmacs_per_step)},
      {"llm_gflops_per_step", ToJson(s.llm_gmacs_per_step, 2)},
      {"gflops_per_step", ToJson(s.total_gmacs_per_step, 2)},
      {"llm_gmacs_per_episode", ToJson(s.llm_gmacs_per_episode)},
      {"gmacs_per_episode", ToJson(s.gmacs_per_episode)},
      {"gflops_per_episode", ToJson(s.gmacs_per_episode, 2)},
      {"latency_ms", {{"llm", ToJson(s.llm_ms)}, {"policy", ToJson(s.policy_ms)}, {"env", ToJson(s.env_ms)}}},
      {"memory_mib",
       {{"llm_weights", s.memory.llm_weights_mib},
        {"all_weights", s.memory.all_weights_mib},
        {"rss_peak", s.rss_peak_mib},
        {"cuda_peak", s.memory.cuda_peak_mib}}},
      {"wall_s", s.wall_s},
      {"workers", s.workers},
      {"machine",
       {{"cpu_model", s.machine.cpu_model},
        {"cores", s.machine.cores},
        {"memory_mib", s.machine.memory_mib},
        {"capability", s.machine.capability},
        {"os", s.machine.os}}},
      {"version", s.version},
      {"digest", s.digest},
  };
  return json.dump(2) + "\n";
}

Summary ReadSummary(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) Fail(fmt::format("{}: cannot be read, expected the summary of a finished run", path.string()));
  try {
    const Json json = Json::parse(file);
    const std::string schema = json.at("schema");
    if (schema != kSummarySchema) Fail(fmt::format("schema: '{}', expected {}", schema, kSummarySchema));
    return Read(json);
  } catch (const nlohmann::json::exception& error) {
    Fail(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace deerbench
