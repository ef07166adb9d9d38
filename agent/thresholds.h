// Exit thresholds from recorded action differences (DeeR, section 3.3 of arXiv 2411.02359).
#pragma once

#include <span>
#include <string>
#include <vector>

namespace deerbench {

// Share of samples that each exit is to take.
enum class ExitDistribution {
  kExponential,  // ratio^k, k = 1..n
  kGaussian,     // exp(-(k - ratio)^2 / 2), k = 0..n-1
  kGamma,        // density of the gamma distribution with shape `ratio` and scale 2 at k = 1..n
};
ExitDistribution ExitDistributionByName(const std::string& name);  // exp, gauss, gamma

inline constexpr float kNeverExit = -1e8f;
inline constexpr float kAlwaysExit = 1e8f;

// Probabilities of `exits` exits, normalised, in single precision as the official code computes them; where
// its numbers leave that range, from their logarithms. `skip_first` gives the first exit nothing, as the
// official code does for MPT-7B. Throws Error for a ratio beyond +-1e9, and unless a Gaussian's for one that
// is not positive.
std::vector<float> ExitProbabilities(ExitDistribution distribution, double ratio, int exits,
                                     bool skip_first = false);

// values[k][i]: difference of sample i at exit k; rows beyond `probabilities` are ignored. Walks the exits in
// order and lets each take its share of the samples that are left, ties included; a probability that is no
// positive number is none. Throws Error on unequal rows or too few of them.
std::vector<float> SolveThresholds(std::span<const std::vector<float>> values,
                                   std::span<const float> probabilities);

}  // namespace deerbench
