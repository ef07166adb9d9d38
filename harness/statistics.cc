#include "harness/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace deerbench {

std::array<double, 2> WilsonInterval(int64_t successes, int64_t attempts) {
  if (attempts == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const double n = static_cast<double>(attempts);
  const double p = static_cast<double>(successes) / n;
  const double scale = 1 / (1 + kZ * kZ / n);
  const double centre = scale * (p + kZ * kZ / (2 * n));
  const double half = scale * kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  // At the ends the bound is exact; rounding must not cross it.
  return {successes == 0 ? 0 : centre - half, successes == attempts ? 1 : centre + half};
}

std::array<double, 2> BootstrapMeanInterval(std::span<const double> values, int resamples) {
  if (values.empty()) return {0, 0};
  SplitMix64 random(0x6465657262656e63);
  std::vector<double> means(resamples);
  for (double& mean : means) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[random.Below(values.size())];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  return {Quantile(means, 0.025), Quantile(means, 0.975)};
}

double Quantile(std::span<const double> sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double Mean(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Distribution Describe(std::vector<double> values) {
  if (values.empty()) return {};
  Distribution result;
  result.mean = Mean(values);
  std::sort(values.begin(), values.end());
  result.p50 = Quantile(values, 0.5);
  result.p95 = Quantile(values, 0.95);
  result.max = values.back();
  return result;
}

}  // namespace deerbench
