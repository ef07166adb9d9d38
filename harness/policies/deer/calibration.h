// From a budget to thresholds (DeeR, section 3.3 of arXiv 2411.02359): how far the agent may walk at all, and
// how much its action must still change for it to walk on.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/policies/deer/agent_backend.h"
#include "harness/policies/deer/exit_plan.h"

namespace deerbench {

// What a control step may cost; what is not set is free.
struct Budget {
  std::optional<double> gmacs = std::nullopt;       // language model, mean
  std::optional<double> peak_gmacs = std::nullopt;  // language model, at most
  std::optional<double> ms = std::nullopt;   // whole step at the highest exit with every exit weighed, median
  std::optional<double> mib = std::nullopt;  // resident weights
  std::optional<int> max_layers = std::nullopt;
  bool any() const { return gmacs || peak_gmacs || ms || mib || max_layers; }
};

// What leaving at each exit costs, one entry an exit.
struct ExitCosts {
  std::vector<int> layers;
  std::vector<double> mean_gmacs, peak_gmacs;  // language model, over sentences
  std::vector<double> ms;                      // 0 where it was not measured
  std::vector<double> mib;                     // all weights that are resident if this is the highest exit
};

// Runs the agent at each exit, once a sentence, and `timed_steps` more times for the latency. `make` loads it
// with the given exits.
ExitCosts MeasureExitCosts(const std::vector<int>& exit_layers, const std::vector<std::string>& sentences,
                           int timed_steps,
                           const std::function<std::unique_ptr<AgentBackend>(const ExitOptions&)>& make);

// What the criterion said at every exit, recorded where the agent always walked to its last one
// (calibration.json, schema deerbench.calibration/1).
struct Calibration {
  std::string checkpoint_sha256;
  std::string source;  // in words
  std::string criterion = kDefaultCriterion;
  std::vector<int> exit_layers;
  std::vector<std::vector<float>> differences;  // [exit][sample]
  // Adds one step; throws Error unless it has a probe of every exit.
  void Add(const std::vector<ExitProbe>& probes);
};
std::string ToJson(const Calibration& calibration);
// Throws Error naming the file unless it belongs to these weights, this criterion and these exits.
Calibration ReadCalibration(const std::filesystem::path& path, const std::string& checkpoint_sha256,
                            const std::string& criterion, const std::vector<int>& exit_layers);

// The highest exit within peak, latency and memory budgets, as an index of costs.layers. Throws Error naming
// the budget that the first exit does not fit.
size_t HighestExit(const ExitCosts& costs, const Budget& budget);

// Throws Error if even the first exit is above the mean budget.
void CheckMeanBudget(const ExitCosts& costs, const Budget& budget);

// Thresholds for exits up to `highest` that spend the mean budget, or all without one. Bisects the
// distribution's ratio for the most that fits by the recorded differences. Throws as CheckMeanBudget does.
// The checkpoint's name is left to the caller. `skip_first` gives the first exit nothing, as the official
// solver does for the 9B agent.
ThresholdFile SolveBudget(const Calibration& calibration, const ExitCosts& costs, size_t highest,
                          std::optional<double> mean_gmacs, const std::string& distribution,
                          bool skip_first = false);

}  // namespace deerbench
