// Charts of a report as inline SVG. Colours come from the page's style sheet by class: "s0", "s1", ... are
// runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/run_data.h"

namespace deerbench {

// The class that colours a run; colours come again after six.
std::string SeriesClass(size_t run);

// One run's success at 1, 2, ... subtasks.
struct SuccessSeries {
  std::string name;
  std::vector<double> rates;        // fractions
  std::vector<Interval> intervals;  // as many, or none
};
// Grouped bars with intervals. A single series has its figures written on the bars.
std::string SuccessChart(const std::vector<SuccessSeries>& series);

struct Bar {
  std::string label;
  double value = 0;
  std::string text;  // above the bar
};
// Plain bars; `axis` is written below them.
std::string BarChart(const std::vector<Bar>& bars, const std::string& axis, const std::string& description);

// A column a chain, a cell a subtask from the bottom up: done, failed, not attempted.
std::string ChainMosaic(const std::vector<ChainResult>& chains);

struct TradeOffPoint {
  std::string name;
  size_t series = 0;  // place among the runs, which gives the colour
  double cost = 0;    // GMACs
  double length = 0;
  std::optional<Interval> interval;  // of length
};
// Average length over cost, the cost on a logarithmic axis.
std::string TradeOffChart(const std::vector<TradeOffPoint>& points, const std::string& axis);

}  // namespace deerbench
