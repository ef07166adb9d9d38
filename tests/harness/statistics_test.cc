#include "harness/statistics.h"

#include <catch2/catch.hpp>
#include <numeric>

namespace deerbench {

TEST_CASE("Wilson's interval equals published values") {
  const auto interval = WilsonInterval(8, 10);
  CHECK(interval[0] == Approx(0.4901625).epsilon(1e-6));
  CHECK(interval[1] == Approx(0.9433178).epsilon(1e-6));
  const auto half = WilsonInterval(50, 100);
  CHECK(half[0] == Approx(0.4038315).epsilon(1e-6));
  CHECK(half[1] == Approx(0.5961685).epsilon(1e-6));
}

TEST_CASE("Wilson's interval stays within 0 and 1 at the ends") {
  CHECK(WilsonInterval(0, 7)[0] == 0);
  CHECK(WilsonInterval(0, 7)[1] == Approx(0.3543304).epsilon(1e-6));
  CHECK(WilsonInterval(7, 7)[1] == 1);
  CHECK(WilsonInterval(0, 0) == std::array<double, 2>{0, 1});
}

TEST_CASE("Quantiles interpolate as numpy does") {
  const std::vector<double> values = {1, 2, 4, 8};
  CHECK(Quantile(values, 0) == 1);
  CHECK(Quantile(values, 0.5) == 3);
  CHECK(Quantile(values, 0.95) == Approx(7.4));
  CHECK(Quantile(values, 1) == 8);
}

TEST_CASE("A distribution does not depend on the order of its values") {
  const Distribution d = Describe({8, 1, 4, 2});
  CHECK(d.mean == 3.75);
  CHECK(d.p50 == 3);
  CHECK(d.p95 == Approx(7.4));
  CHECK(d.max == 8);
  CHECK(Describe({}) == Distribution{});
}

TEST_CASE("The bootstrap interval of a mean is near the normal one and always the same") {
  std::vector<double> values(400);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 6);
  const auto interval = BootstrapMeanInterval(values);
  // Mean 2.49, standard deviation 1.71, so 2.49 +- 1.96 * 1.71 / 20.
  CHECK(interval[0] == Approx(2.32).margin(0.02));
  CHECK(interval[1] == Approx(2.65).margin(0.02));
  CHECK(BootstrapMeanInterval(values) == interval);
  CHECK(BootstrapMeanInterval(std::vector<double>(50, 5.0)) == std::array<double, 2>{5, 5});
}

}  // namespace deerbench
