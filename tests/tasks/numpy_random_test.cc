// Expected figures: numpy.random.RandomState(seed), numpy 2.4.6.
#include "sim/tasks/numpy_random.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace deerbench {
namespace {

struct Recorded {
  uint32_t seed;
  std::vector<uint32_t> first;  // 32-bit words
  uint32_t thousandth;
  std::vector<double> doubles;       // random_sample(3) ...
  double uniform;                    // ... then uniform(-1.5, 2.25)
  std::vector<int> shuffled;         // list(range(12)) shuffled ...
  uint32_t after_shuffle;            // ... then the next word
  std::vector<int> permutation;      // permutation(20)
  std::vector<int> choice, choice2;  // choice(34, size=5, replace=False), twice ...
  uint32_t after_choice;             // ... then the next word
};

const Recorded kRecorded[] = {
    {0,
     {2357136044, 2546248239, 3071714933, 3626093760},
     3043451800,
     {0x1.18fe1565f12a8p-1, 0x1.6e2d4cf608733p-1, 0x1.349d66b6e894bp-1},
     0x1.162cfb6b57258p-1,
     {6, 11, 4, 10, 2, 8, 1, 7, 9, 3, 0, 5},
     4138900056,
     {18, 1, 19, 8, 10, 17, 6, 13, 4, 2, 5, 14, 9, 7, 16, 11, 3, 0, 15, 12},
     {11, 20, 25, 17, 2},
     {22, 13, 21, 33, 16},
     258666409},
    {1,
     {1791095845, 4282876139, 3093770124, 4005303368},
     548926898,
     {0x1.ab07d0ffa3c06p-2, 0x1.70ce5f3baf051p-1, 0x1.dfb906661c000p-14},
     -0x1.770afce075e6cp-2,
     {2, 3, 4, 10, 1, 6, 0, 7, 11, 9, 8, 5},
     1704103302,
     {3, 16, 6, 10, 2, 14, 4, 17, 7, 1, 13, 0, 19, 18, 9, 15, 8, 12, 11, 5},
     {14, 19, 3, 27, 32},
     {16, 22, 23, 20, 5},
     3902387977},
    {2138410836,
     {4185222830, 3870859299, 4045711009, 1695494490},
     1276570981,
     {0x1.f2eadd79ae280p-1, 0x1.e2494d5943cc5p-1, 0x1.8bd75217a7e86p-1},
     -0x1.be62f4e15e92ep-1,
     {5, 0, 4, 2, 8, 9, 11, 7, 6, 10, 1, 3},
     3984105999,
     {5, 8, 13, 2, 0, 12, 16, 7, 4, 19, 10, 18, 15, 11, 6, 9, 17, 1, 3, 14},
     {2, 31, 17, 13, 18},
     {11, 3, 24, 26, 19},
     4121125741},
    {4294967295,
     {419326371, 479346978, 3918654476, 2416749639},
     2673539693,
     {0x1.8fe69a3924820p-4, 0x1.d323d824032b1p-1, 0x1.93fc6f61af3f9p-1},
     0x1.6ccdaf2c7948ep+0,
     {11, 8, 5, 9, 1, 10, 6, 0, 4, 7, 2, 3},
     627568395,
     {11, 17, 19, 15, 1, 5, 8, 16, 13, 18, 14, 9, 10, 6, 0, 4, 7, 12, 2, 3},
     {31, 2, 17, 19, 23},
     {26, 19, 25, 10, 32},
     1606058446},
};

std::vector<int> Range(int n) {
  std::vector<int> range(n);
  std::iota(range.begin(), range.end(), 0);
  return range;
}

std::vector<int> Choice(NumpyRandomState& random, int n, size_t count) {
  std::vector<int> out(count);
  random.Choice(n, out);
  return out;
}

TEST_CASE("Every draw is numpy's") {
  for (const Recorded& r : kRecorded) {
    INFO("seed " << r.seed);
    NumpyRandomState words(r.seed);
    uint32_t word = 0;
    for (int i = 0; i < 1000; ++i) {
      word = words.NextUint32();
      if (i < 4) CHECK(word == r.first[i]);
    }
    CHECK(word == r.thousandth);

    NumpyRandomState doubles(r.seed);
    for (const double expected : r.doubles) CHECK(doubles.NextDouble() == expected);
    CHECK(doubles.Uniform(-1.5, 2.25) == r.uniform);

    NumpyRandomState shuffle(r.seed);
    std::vector<int> list = Range(12);
    shuffle.Shuffle(std::span(list));
    CHECK(list == r.shuffled);
    CHECK(shuffle.NextUint32() == r.after_shuffle);

    std::vector<int> permutation = Range(20);
    NumpyRandomState(r.seed).Shuffle(std::span(permutation));
    CHECK(permutation == r.permutation);

    NumpyRandomState choice(r.seed);
    CHECK(Choice(choice, 34, 5) == r.choice);
    CHECK(Choice(choice, 34, 5) == r.choice2);
    CHECK(choice.NextUint32() == r.after_choice);
  }
}

TEST_CASE("Choices of all, of one, of many and of none draw as numpy does") {
  NumpyRandomState random(3);
  CHECK(Choice(random, 9, 9) == std::vector<int>{6, 2, 7, 4, 5, 0, 3, 1, 8});
  CHECK(Choice(random, 1, 1) == std::vector<int>{0});
  CHECK(Choice(random, 255, 3) == std::vector<int>{16, 31, 145});
  CHECK(Choice(random, 64, 0).empty());
  CHECK(random.NextUint32() == 325507861);
}

TEST_CASE("An interval of one number draws nothing, another stays within its bounds") {
  NumpyRandomState random(0);
  CHECK(random.Interval(0) == 0);
  CHECK(random.NextUint32() == 2357136044);
  for (int i = 0; i < 1000; ++i) CHECK(random.Interval(4) <= 4);
}

TEST_CASE("More choices than there are things are refused") {
  NumpyRandomState random(0);
  std::vector<int> out(6);
  CHECK_THROWS_AS(random.Choice(5, out), Error);
  CHECK_THROWS_AS(random.Choice(256, out), Error);
  CHECK_THROWS_AS(random.Choice(-1, out), Error);
}

}  // namespace
}  // namespace deerbench
