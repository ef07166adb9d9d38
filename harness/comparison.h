// Two runs of the same chains against each other: did the second one get worse, and by how much?
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/record.h"
#include "harness/summary.h"

namespace deerbench {

// How much worse the new run may be. A limit that is not set is not checked.
struct CompareLimits {
  std::optional<double> max_drop_avg_len = 0.1;  // of the average length
  std::optional<double> max_llm_rise = 0.02;     // of the language model's mean MACs a step, as a fraction
  std::optional<double> max_total_rise = 0.02;   // of all mean MACs a step, as a fraction
  std::optional<double> max_latency_ratio = std::nullopt;  // of the policy's median latency, new over base
};

// One figure of both runs.
struct Compared {
  double base = 0, now = 0;
  // Relative change: 0.05 is 5 % more. Infinite from nothing to something, 0 from nothing to nothing.
  double Rise() const;
};

struct CompareCheck {
  std::string name;  // of the limit, as in CompareLimits, or "records"
  double value = 0;  // of the quantity that is limited
  double limit = 0;
  bool passed = false;
  std::string text;  // what was found, in words
};

struct Comparison {
  int chains = 0;
  Compared avg_len;
  std::array<double, 2> change_ci95{};         // of the average length; paired bootstrap over chains
  int further = 0, equal = 0, less_far = 0;    // chains that got further in the new run, ...
  Compared llm_gmacs, total_gmacs;             // mean a step
  Compared policy_ms;                          // median
  std::array<Compared, kChainLength> rate_at;  // chains with at least 1..5 subtasks done
  bool same_digest = false;
  std::vector<CompareCheck> checks;

  bool passed() const;
};

// A finished run as it is compared; steps are not needed.
struct ComparedRun {
  std::filesystem::path folder;
  Summary summary;
  std::vector<ChainRecord> episodes;  // in index order
};

// Throws Error naming the file if the folder is no finished run.
ComparedRun LoadComparedRun(const std::filesystem::path& folder);

// Throws Error unless both ran the same chains in the same scene. A folder whose summary does not follow
// from its episodes fails the check "records".
Comparison Compare(const ComparedRun& base, const ComparedRun& now, const CompareLimits& limits);

// Schema deerbench.comparison/1.
std::string ToJson(const Comparison& comparison, const ComparedRun& base, const ComparedRun& now);

}  // namespace deerbench
