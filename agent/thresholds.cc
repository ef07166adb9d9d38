#include "agent/thresholds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr double kLargestRatio = 1e9;

// What exit i (from 0) weighs, as a logarithm.
double LogWeight(ExitDistribution distribution, double ratio, int i) {
  switch (distribution) {
    case ExitDistribution::kExponential:
      return (i + 1) * std::log(ratio);
    case ExitDistribution::kGaussian:
      return -(i - ratio) * (i - ratio) / 2;
    case ExitDistribution::kGamma:
      return (ratio - 1) * std::log((i + 1) / 2.0) - (i + 1) / 2.0 - std::lgamma(ratio) - std::log(2.0);
  }
  return 0;
}

float Weight(ExitDistribution distribution, double ratio, int i) {
  switch (distribution) {
    case ExitDistribution::kExponential:
      return std::pow(static_cast<float>(ratio), static_cast<float>(i + 1));
    case ExitDistribution::kGaussian:
      return static_cast<float>(std::exp(LogWeight(distribution, ratio, i)));
    case ExitDistribution::kGamma: {
      const double x = i + 1;
      return static_cast<float>(std::exp((ratio - 1) * std::log(x / 2.0) - x / 2.0 - std::lgamma(ratio)) /
                                2.0);
    }
  }
  return 0;
}

// Shares of exits from `first` on where weights are too large or too small for a sum: by the largest of them.
std::vector<float> ScaledProbabilities(ExitDistribution distribution, double ratio, int exits, int first) {
  std::vector<double> logs;
  for (int i = first; i < exits; ++i) logs.push_back(LogWeight(distribution, ratio, i));
  const double most = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (double& value : logs) sum += value = std::exp(value - most);
  std::vector<float> p(exits, 0);
  for (size_t i = 0; i < logs.size(); ++i)
    p[static_cast<size_t>(first) + i] = static_cast<float>(logs[i] / sum);
  return p;
}

}  // namespace

ExitDistribution ExitDistributionByName(const std::string& name) {
  if (name == "exp") return ExitDistribution::kExponential;
  if (name == "gauss") return ExitDistribution::kGaussian;
  if (name == "gamma") return ExitDistribution::kGamma;
  Fail(fmt::format("exit distribution is '{}', expected exp, gauss or gamma", name));
}

std::vector<float> ExitProbabilities(ExitDistribution distribution, double ratio, int exits,
                                     bool skip_first) {
  const bool any_sign = distribution == ExitDistribution::kGaussian;
  if (!(std::abs(ratio) <= kLargestRatio) || (!any_sign && ratio <= 0))
    Fail(fmt::format("exit ratio is {}, expected {} and at most {:g}", ratio,
                     any_sign ? "at least -1e9" : "above 0", kLargestRatio));
  const int first = skip_first && exits > 1 ? 1 : 0;
  std::vector<float> p(exits);
  for (int i = first; i < exits; ++i) p[i] = Weight(distribution, ratio, i);
  const float sum = std::accumulate(p.begin(), p.end(), 0.0f);
  if (exits > 0 && !(sum > 0 && std::isfinite(sum)))
    return ScaledProbabilities(distribution, ratio, exits, first);
  for (float& value : p) value /= sum;
  return p;
}

std::vector<float> SolveThresholds(std::span<const std::vector<float>> values,
                                   std::span<const float> probabilities) {
  const size_t exits = probabilities.size();
  if (exits == 0 || values.size() < exits) {
    Fail(fmt::format("threshold values have {} rows, expected one for each of {} exits", values.size(),
                     exits));
  }
  const size_t n = values[0].size();
  for (const auto& row : values) {
    if (row.size() != n) Fail(fmt::format("threshold values have rows of {} and {} samples", n, row.size()));
  }
  std::vector<float> thresholds(exits, kNeverExit);
  std::vector<bool> exited(n, false);
  std::vector<size_t> order(n);
  for (size_t k = 0; k + 1 < exits; ++k) {
    const float wanted = static_cast<float>(n) * probabilities[k];
    const size_t share = !(wanted > 0) ? 0 : wanted < static_cast<float>(n) ? static_cast<size_t>(wanted) : n;
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return values[k][a] < values[k][b]; });
    size_t taken = 0;
    for (const size_t sample : order) {
      if (exited[sample]) continue;
      if (++taken == share) {
        thresholds[k] = values[k][sample];
        break;
      }
    }
    for (size_t sample = 0; sample < n; ++sample) {
      if (values[k][sample] <= thresholds[k]) exited[sample] = true;
    }
  }
  thresholds[exits - 1] = kAlwaysExit;
  return thresholds;
}

}  // namespace deerbench
