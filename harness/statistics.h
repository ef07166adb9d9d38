// The few statistics that reports are made of.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace deerbench {

// Wilson's score interval, 95 %, of a rate; {0, 1} for no attempts.
std::array<double, 2> WilsonInterval(int64_t successes, int64_t attempts);

// Percentile bootstrap of the mean, 95 %, with a fixed seed: the same values give the same interval.
std::array<double, 2> BootstrapMeanInterval(std::span<const double> values, int resamples = 10000);

// Linear interpolation between order statistics (numpy's default); `fraction` in [0, 1]. `sorted` ascends and
// is not empty.
double Quantile(std::span<const double> sorted, double fraction);

double Mean(std::span<const double> values);

struct Distribution {
  double mean = 0, p50 = 0, p95 = 0, max = 0;
  friend bool operator==(const Distribution&, const Distribution&) = default;
};
// All zero for no values.
Distribution Describe(std::vector<double> values);

}  // namespace deerbench
