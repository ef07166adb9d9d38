// A training run's metrics as one HTML page with curves.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace deerbench {

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  // (step, value), ascending
  int color = 0;                                  // of the style sheet: s0, s1, ...
  bool dashed = false;
};
// Curves over steps; the values on a logarithmic axis. Values that are not above zero are left out.
std::string CurveChart(const std::vector<Curve>& curves, const std::string& title);

// Reads metrics.jsonl (a line that was cut short is left out) and writes the page. Throws Error naming the
// file.
void WriteTrainingPage(const std::filesystem::path& metrics, const std::filesystem::path& page,
                       const std::string& title);

}  // namespace deerbench
