#include "harness/policies/deer/exit_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/thresholds.h"
#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

constexpr std::string_view kSchema = "deerbench.thresholds/1";

template <class T>
bool ParseWhole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Throws Error unless the layers are exits of the agent and ascend.
void CheckLayers(const std::vector<int>& layers, const std::vector<int>& exit_layers) {
  const bool known = std::includes(exit_layers.begin(), exit_layers.end(), layers.begin(), layers.end());
  const bool ascend = std::adjacent_find(layers.begin(), layers.end(), std::greater_equal()) == layers.end();
  if (layers.empty() || !ascend || !known)
    Fail(fmt::format("exits at layers {}, expected ascending ones of {}", fmt::join(layers, ", "),
                     fmt::join(exit_layers, ", ")));
}

ThresholdFile Read(const nlohmann::json& json, const std::vector<int>& exit_layers) {
  const std::string schema = json.at("schema");
  if (schema != kSchema) Fail(fmt::format("schema: '{}', expected {}", schema, kSchema));
  ThresholdFile file;
  file.checkpoint = json.at("checkpoint");
  file.checkpoint_sha256 = json.at("checkpoint_sha256");
  file.source = json.at("source");
  file.samples = json.at("samples");
  file.distribution = json.at("distribution");
  file.ratio = json.at("ratio");
  const std::vector<int> layers = json.at("exit_layers");
  const std::vector<float> thresholds = json.at("thresholds");
  CheckLayers(layers, exit_layers);
  if (thresholds.size() != layers.size())
    Fail(fmt::format("thresholds: {} numbers, expected {}: one for each exit", thresholds.size(),
                     layers.size()));
  file.exits = DynamicExits(layers, thresholds, layers.back());
  file.exits.criterion = FindCriterion(json.value("criterion", std::string(kDefaultCriterion))).name;
  file.expected_shares = json.at("expected").at("shares").get<std::vector<double>>();
  file.expected_llm_gmacs = json.at("expected").at("llm_gmacs_per_step");
  return file;
}

}  // namespace

ExitOptions StaticExit(int layer) {
  return {.exit_layers = {layer}, .thresholds = {kAlwaysExit}, .max_layer = layer};
}

ExitOptions DynamicExits(const std::vector<int>& exit_layers, const std::vector<float>& thresholds,
                         int highest) {
  ExitOptions exits{.exit_layers = {}, .thresholds = {}, .max_layer = highest};
  for (size_t i = 0; i < exit_layers.size() && exit_layers[i] <= highest; ++i) {
    exits.exit_layers.push_back(exit_layers[i]);
    exits.thresholds.push_back(exit_layers[i] == highest ? kAlwaysExit : thresholds.at(i));
  }
  Require(!exits.exit_layers.empty() && exits.exit_layers.back() == highest,
          "highest exit: not one of the agent's");
  return exits;
}

std::string ToText(const ExitOptions& exits) {
  std::string text;
  for (size_t i = 0; i < exits.exit_layers.size(); ++i) {
    if (i > 0) text += ",";
    text += i + 1 < exits.exit_layers.size() ? fmt::format("{}:{}", exits.exit_layers[i], exits.thresholds[i])
                                             : fmt::format("{}", exits.exit_layers[i]);
  }
  return text;
}

ExitOptions ExitsFromText(std::string_view text, const std::vector<int>& exit_layers) {
  std::vector<int> layers;
  std::vector<float> thresholds;
  const auto fail = [&](std::string_view what) {
    Fail(fmt::format("exit_plan: '{}': {}, expected exits with their thresholds, such as {}:0.02,{}", text,
                     what, exit_layers.front(), exit_layers.back()));
  };
  std::string_view left = text;
  for (bool more = true; more;) {
    const size_t comma = left.find(',');
    const std::string_view part = left.substr(0, comma);
    const size_t colon = part.find(':');
    more = comma != left.npos;
    if (!ParseWhole(part.substr(0, colon), layers.emplace_back())) fail("a layer is no whole number");
    if (more != (colon != part.npos)) fail("every exit but the last has a threshold");
    thresholds.push_back(kAlwaysExit);
    if (more && (!ParseWhole(part.substr(colon + 1), thresholds.back()) || !std::isfinite(thresholds.back())))
      fail("a threshold is no number");
    if (more) left.remove_prefix(comma + 1);
  }
  try {
    CheckLayers(layers, exit_layers);
  } catch (const Error& error) {
    Fail(fmt::format("exit_plan: '{}': {}", text, error.what()));
  }
  return DynamicExits(layers, thresholds, layers.back());
}

std::string ToJson(const ThresholdFile& file) {
  const nlohmann::ordered_json json{
      {"schema", kSchema},
      {"checkpoint", file.checkpoint},
      {"checkpoint_sha256", file.checkpoint_sha256},
      {"source", file.source},
      {"samples", file.samples},
      {"criterion", file.exits.criterion},
      {"distribution", file.distribution},
      {"ratio", file.ratio},
      {"exit_layers", file.exits.exit_layers},
      {"thresholds", file.exits.thresholds},
      {"expected", {{"shares", file.expected_shares}, {"llm_gmacs_per_step", file.expected_llm_gmacs}}}};
  return json.dump(2) + "\n";
}

ThresholdFile ReadThresholds(const std::filesystem::path& path, const std::vector<int>& exit_layers) {
  if (!std::filesystem::is_regular_file(path))
    Fail(fmt::format("thresholds: '{}', expected a file that calibrate wrote", path.string()));
  try {
    return Read(nlohmann::json::parse(ReadFile(path, 1 << 24)), exit_layers);
  } catch (const nlohmann::json::exception& error) {
    Fail(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace deerbench
