#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/comparison.h"

namespace deerbench {
namespace {

using Json = nlohmann::ordered_json;

// JSON knows no infinity.
Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json RunJson(const ComparedRun& run) {
  const Summary& s = run.summary;
  return {{"folder", run.folder.string()},
          {"split", s.split},
          {"policy", s.policy},
          {"policy_options", s.policy_options},
          {"checkpoint_sha256", s.checkpoint_sha256},
          {"seed", s.seed},
          {"version", s.version},
          {"digest", s.digest}};
}

Json RiseJson(const Compared& compared) {
  return {{"base", compared.base}, {"new", compared.now}, {"rise", Number(compared.Rise())}};
}

}  // namespace

std::string ToJson(const Comparison& c, const ComparedRun& base, const ComparedRun& now) {
  Json rates = Json::array();
  for (const Compared& rate : c.rate_at) rates.push_back({{"base", rate.base}, {"new", rate.now}});
  Json checks = Json::array();
  for (const CompareCheck& check : c.checks)
    checks.push_back({{"name", check.name},
                      {"value", Number(check.value)},
                      {"limit", check.limit},
                      {"passed", check.passed},
                      {"text", check.text}});
  const Json json{
      {"schema", "deerbench.comparison/1"},
      {"base", RunJson(base)},
      {"new", RunJson(now)},
      {"chains", c.chains},
      {"avg_len",
       {{"base", c.avg_len.base},
        {"new", c.avg_len.now},
        {"change", c.avg_len.now - c.avg_len.base},
        {"change_ci95", c.change_ci95}}},
      {"further", c.further},
      {"equal", c.equal},
      {"less_far", c.less_far},
      {"success_rate_at", std::move(rates)},
      {"llm_gmacs_per_step", RiseJson(c.llm_gmacs)},
      {"total_gmacs_per_step", RiseJson(c.total_gmacs)},
      {"policy_ms_p50",
       {{"base", c.policy_ms.base}, {"new", c.policy_ms.now}, {"ratio", Number(1 + c.policy_ms.Rise())}}},
      {"same_digest", c.same_digest},
      {"checks", std::move(checks)},
      {"passed", c.passed()}};
  return json.dump(2) + "\n";
}

}  // namespace deerbench
