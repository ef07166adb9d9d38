#include "agent/thresholds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace deerbench {

ExitDistribution ExitDistributionByName(const std::string& name) {
  if (name == "exp") return ExitDistribution::kExponential;
  if (name == "gauss") return ExitDistribution::kGaussian;
  if (name == "gamma") return ExitDistribution::kGamma;
  Fail(fmt::format("exit distribution is '{}', expected exp, gauss or gamma", name));
}

std::vector<float> ExitProbabilities(ExitDistribution distribution, double ratio, int exits,
                                     bool skip_first) {
  std::vector<float> p(exits);
  for (int i = 0; i < exits; ++i) {
    switch (distribution) {
      case ExitDistribution::kExponential:
        p[i] = std::pow(static_cast<float>(ratio), static_cast<float>(i + 1));
        break;
      case ExitDistribution::kGaussian: {
        const float d = static_cast<float>(i) - static_cast<float>(ratio);
        p[i] = std::exp(-(d * d) / 2.0f);
        break;
      }
      case ExitDistribution::kGamma: {
        const double x = i + 1;
        p[i] = static_cast<float>(std::exp((ratio - 1) * std::log(x / 2.0) - x / 2.0 - std::lgamma(ratio)) /
                                  2.0);
        break;
      }
    }
  }
  if (skip_first && exits > 0) p[0] = 0;
  const float sum = std::accumulate(p.begin(), p.end(), 0.0f);
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
    const auto share = static_cast<size_t>(static_cast<float>(n) * probabilities[k]);
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
