// Shares of exits and thresholds from them, where the official solver's recordings do not reach.
#include "agent/thresholds.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace deerbench {
namespace {

using Distribution = ExitDistribution;

float Sum(const std::vector<float>& values) { return std::accumulate(values.begin(), values.end(), 0.0f); }

TEST_CASE("A Gaussian's weights are computed in double precision and rounded once") {
  for (const double ratio : {-3.3, 0.1, 1.7, 2.3, 4.9}) {
    std::vector<float> expected;
    for (int i = 0; i < 6; ++i)
      expected.push_back(static_cast<float>(std::exp(-(i - ratio) * (i - ratio) / 2)));
    const float sum = Sum(expected);
    for (float& value : expected) value /= sum;
    CHECK(ExitProbabilities(Distribution::kGaussian, ratio, 6) == expected);
  }
}

TEST_CASE("Shares are numbers that add up to one, however large or small the weights are") {
  struct Case {
    Distribution distribution;
    double ratio;
    int exits;
    size_t most;  // the exit with the largest share
  };
  for (const Case& c :
       {Case{Distribution::kExponential, 100, 30, 29}, Case{Distribution::kExponential, 1e9, 6, 5},
        Case{Distribution::kExponential, 1e-60, 6, 0}, Case{Distribution::kGaussian, 1e6, 6, 5},
        Case{Distribution::kGaussian, -1e9, 6, 0}, Case{Distribution::kGamma, 1e9, 6, 5},
        Case{Distribution::kGamma, 1e-300, 6, 0}}) {
    INFO(static_cast<int>(c.distribution) << " " << c.ratio);
    const std::vector<float> p = ExitProbabilities(c.distribution, c.ratio, c.exits);
    for (const float share : p) CHECK((share >= 0 && share <= 1));
    CHECK(Sum(p) == Approx(1));
    CHECK(p[c.most] == *std::max_element(p.begin(), p.end()));
  }
  const std::vector<float> doubling =
      ExitProbabilities(Distribution::kExponential, 2, 200);  // 2^200: no float
  CHECK(doubling[199] == Approx(0.5));
  CHECK(doubling[198] == Approx(0.25));
  const std::vector<float> skipped = ExitProbabilities(Distribution::kExponential, 1e-30, 4, true);
  CHECK(skipped[0] == 0);
  CHECK(skipped[1] == Approx(1));
  CHECK(ExitProbabilities(Distribution::kExponential, 0.5, 1, true) ==
        std::vector{1.0f});  // nobody else is there
}

TEST_CASE("A ratio that no shares follow from is refused") {
  CHECK_THROWS_WITH(ExitProbabilities(Distribution::kExponential, 0, 6),
                    "exit ratio is 0, expected above 0 and at most 1e+09");
  CHECK_THROWS_AS(ExitProbabilities(Distribution::kExponential, -0.5, 6), Error);
  CHECK_THROWS_AS(ExitProbabilities(Distribution::kGamma, 0, 6), Error);
  for (const double ratio : {std::nan(""), 2e9, -2e9, std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(ExitProbabilities(Distribution::kGaussian, ratio, 6), Error);
  CHECK_NOTHROW(ExitProbabilities(Distribution::kGaussian, 0, 6));
}

TEST_CASE("A share that is no positive number takes no sample, one above all takes all") {
  const std::vector<std::vector<float>> values = {{0.3f, 0.1f, 0.2f}, {0.3f, 0.1f, 0.2f}};
  const float infinite = std::numeric_limits<float>::infinity();
  const auto first = [&](float share) { return SolveThresholds(values, std::vector{share, 0.5f}).at(0); };
  for (const float share : {std::nanf(""), -infinite, -1.0f, 0.0f, 0.2f}) CHECK(first(share) == kNeverExit);
  CHECK(first(0.4f) == 0.1f);
  for (const float share : {1.0f, 2.0f, infinite}) CHECK(first(share) == 0.3f);
}

}  // namespace
}  // namespace deerbench
