// What the parity tests of this folder share: recordings of calvin_env on PyBullet and the scenes they were
// made in.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/physics/world.h"
#include "tests/support/npz.h"

namespace deerbench::test {

// Files in DEERBENCH_CALVIN_DATA whose names begin with `prefix` and end in `extension`, sorted. Empty, after
// printing why, where that or DEERBENCH_CALVIN_ASSETS is not set.
std::vector<std::filesystem::path> RecordedFiles(const std::string& prefix, const std::string& extension);

nlohmann::json ReadJson(const std::filesystem::path& file);

// The scene's letter in a name like replay_A_00_rel_free.npz.
std::string SceneLetter(const std::filesystem::path& file);

// CALVIN's scene on CALVIN's assets, loaded once.
std::shared_ptr<const SceneModel> CalvinScene(const std::string& letter);

// Text of an array of NumPy's U type that holds one string.
std::string Text(const NpyArray& array);

template <size_t kCount>
std::array<double, kCount> ToArray(const nlohmann::json& list) {
  std::array<double, kCount> out;
  for (size_t i = 0; i < kCount; ++i) out[i] = list.at(i);
  return out;
}

// Largest difference of two sequences of numbers of the same length.
template <typename A, typename B>
double MaxDifference(const A& a, const B& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// The q-quantile of values, 0 for none.
double Quantile(std::vector<double> values, double q);

}  // namespace deerbench::test
