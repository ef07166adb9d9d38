#include "harness/record_json.h"

#include <fmt/format.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"
#include "base/sha256.h"

namespace deerbench {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr std::array<const char*, 3> kBlockKeys = {"red_block", "blue_block", "pink_block"};
constexpr std::array<const char*, 3> kPlaceNames = {"table", "slider_left", "slider_right"};

OrderedJson SubtaskToJson(const SubtaskRecord& subtask) {
  OrderedJson json{{"task", Tasks()[subtask.task].name},
                   {"instruction", subtask.instruction},
                   {"outcome", OutcomeName(subtask.outcome)},
                   {"steps", subtask.steps},
                   {"policy_seed", subtask.policy_seed}};
  if (!subtask.reason.empty()) json["reason"] = subtask.reason;
  return json;
}

SubtaskRecord SubtaskFromJson(const Json& json) {
  SubtaskRecord subtask;
  subtask.task = TaskByName(json.at("task").get<std::string>());
  subtask.instruction = json.at("instruction");
  subtask.outcome = OutcomeByName(json.at("outcome").get<std::string>());
  subtask.steps = json.at("steps");
  subtask.policy_seed = json.at("policy_seed");
  subtask.reason = json.value("reason", "");
  return subtask;
}

// One of two words, or 0 and 1.
template <class T>
bool Either(const Json& json, const char* key, const T& yes, const T& no) {
  const T value = json.at(key).get<T>();
  if (value != yes && value != no) Fail(fmt::format("state.{}: {}, expected {} or {}", key, value, yes, no));
  return value == yes;
}

SymbolicState StateFromJson(const Json& json) {
  SymbolicState state;
  state.led = Either(json, "led", 1, 0);
  state.lightbulb = Either(json, "lightbulb", 1, 0);
  state.slider_left = Either<std::string>(json, "slider", "left", "right");
  state.drawer_open = Either<std::string>(json, "drawer", "open", "closed");
  for (size_t block = 0; block < kBlockKeys.size(); ++block) {
    const std::string place = json.at(kBlockKeys[block]);
    size_t i = 0;
    while (i < kPlaceNames.size() && place != kPlaceNames[i]) ++i;
    if (i == kPlaceNames.size())
      Fail(fmt::format("state.{}: '{}', expected table, slider_left or slider_right", kBlockKeys[block],
                       place));
    state.block[block] = static_cast<BlockPlace>(i);
  }
  return state;
}

ChainRecord Read(const Json& json) {
  ChainRecord record;
  record.index = json.at("index");
  record.chain = ChainFromJson(json);
  record.success = json.at("success");
  for (const Json& subtask : json.at("subtasks")) record.subtasks.push_back(SubtaskFromJson(subtask));
  record.step_count = json.at("steps");
  record.llm_macs = json.at("llm_macs");
  record.total_macs = json.at("total_macs");
  const Json& latency = json.at("latency_ms");
  record.latency = {latency.at("llm"), latency.at("policy"), latency.at("env")};
  const Json& memory = json.at("memory_mib");
  record.memory = {memory.at("llm_weights"), memory.at("all_weights"), memory.at("cuda_peak")};
  record.rss_peak_mib = memory.at("rss_peak");
  record.checkpoint_sha256 = json.at("checkpoint_sha256");
  record.wall_s = json.at("wall_s");
  record.elapsed_s = json.at("elapsed_s");
  record.final_state_sha256 = json.at("final_state_sha256");
  record.steps_sha256 = json.at("steps_sha256");
  return record;
}

}  // namespace

std::string ToJsonLine(const ChainRecord& record) {
  OrderedJson json{{"index", record.index}};
  json.update(OrderedJson::parse(ToJson(record.chain)));  // state, tasks
  json["success"] = record.success;
  json["subtasks"] = OrderedJson::array();
  for (const SubtaskRecord& subtask : record.subtasks) json["subtasks"].push_back(SubtaskToJson(subtask));
  json["steps"] = record.step_count;
  json["llm_macs"] = record.llm_macs;
  json["total_macs"] = record.total_macs;
  json["latency_ms"] = {
      {"llm", record.latency.llm_ms}, {"policy", record.latency.policy_ms}, {"env", record.latency.env_ms}};
  json["memory_mib"] = {{"llm_weights", record.memory.llm_weights_mib},
                        {"all_weights", record.memory.all_weights_mib},
                        {"rss_peak", record.rss_peak_mib},
                        {"cuda_peak", record.memory.cuda_peak_mib}};
  json["checkpoint_sha256"] = record.checkpoint_sha256;
  json["wall_s"] = record.wall_s;
  json["elapsed_s"] = record.elapsed_s;
  json["final_state_sha256"] = record.final_state_sha256;
  json["steps_file"] = StepFileName(record.index);
  json["steps_sha256"] = record.steps_sha256;
  return json.dump();
}

Chain ChainFromJson(const Json& json) {
  Chain chain;
  chain.state = StateFromJson(json.at("state"));
  const Json& tasks = json.at("tasks");
  if (tasks.size() != kChainLength)
    Fail(fmt::format("tasks: {} names, expected {}", tasks.size(), kChainLength));
  for (int i = 0; i < kChainLength; ++i) chain.tasks[i] = TaskByName(tasks[i].get<std::string>());
  return chain;
}

ChainRecord ChainRecordFromJson(std::string_view line) {
  try {
    return Read(Json::parse(line));
  } catch (const nlohmann::json::exception& error) {
    Fail(error.what());
  }
}

std::string DigestLine(const ChainRecord& record) {
  static_assert(std::endian::native == std::endian::little);
  const Json chain = Json::parse(ToJson(record.chain));  // keys sorted when dumped
  std::string line = "{\"final_state\":\"";
  AppendHex(std::as_bytes(std::span(record.final_state)), line);
  line += "\",\"state\":" + chain.at("state").dump() + ",\"steps\":[";
  for (size_t i = 0; i < record.steps.size(); ++i) {
    const StepRecord& step = record.steps[i];
    line += i == 0 ? "[\"" : ",[\"";
    AppendHex(std::as_bytes(std::span(step.action)), line);
    line += fmt::format("\",{},{}]", step.exit_layer, step.layers_run);
  }
  line += fmt::format("],\"success\":{},\"tasks\":", record.success) + chain.at("tasks").dump() + "}\n";
  return line;
}

}  // namespace deerbench
