#include "harness/report/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/report/html.h"
#include "harness/report/terminal_table.h"

namespace deerbench {
namespace {

// User units are pixels at the size where the page shows a chart best; text keeps its size there.
constexpr double kWidth = 460;
constexpr double kLeft = 44;
constexpr double kRight = 8;
constexpr double kTop = 22;

std::string Open(double width, double height, const std::string& description, const std::string& kind) {
  return fmt::format(
      R"(<svg class="chart {}" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}"><title>{}</title>)",
      kind, width, height, Escape(description), Escape(description));
}

std::string Text(double x, double y, const std::string& text, const std::string& kind = "") {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>)", x, y, kind, Escape(text));
}

std::string Line(double x0, double y0, double x1, double y1, const std::string& kind) {
  return fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>)", x0, y0, x1, y1,
                     kind);
}

// A bar standing on `base` with rounded upper corners.
std::string BarPath(double x, double y, double width, double base, const std::string& kind,
                    const std::string& title) {
  const double r = std::min({4.0, width / 2, base - y});
  if (base - y < 0.05) return "";
  return fmt::format(
      R"(<path class="{}" d="M{:.1f} {:.1f}V{:.1f}q0 {:.1f} {:.1f} {:.1f}h{:.1f}q{:.1f} 0 {:.1f} {:.1f}V{:.1f}z">)"
      R"(<title>{}</title></path>)",
      kind, x, base, y + r, -r, r, -r, width - 2 * r, r, r, r, base, Escape(title));
}

std::string Whisker(double x, double low, double high, double half_width) {
  return Line(x, low, x, high, "whisker") + Line(x - half_width, low, x + half_width, low, "whisker") +
         Line(x - half_width, high, x + half_width, high, "whisker");
}

struct Box {
  double left, top, right, bottom;
  bool Meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

// The name of the point at (x, y), on that side of it where it hides least of what is in `taken`; adds
// itself.
std::string PlaceLabel(const std::string& name, double x, double y, double right, std::vector<Box>& taken) {
  const double width = 7.0 * DisplayWidth(name);
  std::string best;
  Box best_box{};
  ptrdiff_t fewest = -1;
  for (const bool to_left : {false, true}) {
    for (const double shift : {-8.0, 16.0, 4.0}) {
      const Box box{to_left ? x - 11 - width : x + 11, y + shift - 11, to_left ? x - 11 : x + 11 + width,
                    y + shift + 3};
      ptrdiff_t met =
          std::count_if(taken.begin(), taken.end(), [&](const Box& other) { return box.Meets(other); });
      if (box.left < kLeft || box.right > right) met += 100;
      if (fewest >= 0 && met >= fewest) continue;
      fewest = met;
      best_box = box;
      best = Text(to_left ? x - 11 : x + 11, y + shift, name, to_left ? "tick end" : "tick");
    }
  }
  taken.push_back(best_box);
  return best;
}

}  // namespace

std::string SeriesClass(size_t run) { return fmt::format("s{}", run % 6); }

std::string SuccessChart(const std::vector<SuccessSeries>& series) {
  constexpr double kHeight = 262, kBase = 218;
  size_t groups = 0;
  for (const SuccessSeries& s : series) groups = std::max(groups, s.rates.size());
  const auto y_of = [&](double rate) { return kBase - rate * (kBase - kTop); };
  std::string out =
      Open(kWidth, kHeight, "Share of chains with at least so many instructions done in a row", "success");
  for (const int percent : {0, 25, 50, 75, 100}) {
    const double y = y_of(percent / 100.0);
    out += Line(kLeft, y, kWidth - kRight, y, percent == 0 ? "axis" : "grid");
    out += Text(kLeft - 8, y + 4, fmt::format("{}", percent), "tick end");
  }
  const double group_width = (kWidth - kLeft - kRight) / static_cast<double>(std::max<size_t>(1, groups));
  const auto count = static_cast<double>(series.size());
  const double bar_width = std::min(series.size() == 1 ? 46.0 : 30.0, group_width * 0.82 / count - 2);
  for (size_t g = 0; g < groups; ++g) {
    const double center = kLeft + group_width * (static_cast<double>(g) + 0.5);
    for (size_t s = 0; s < series.size(); ++s) {
      if (g >= series[s].rates.size()) continue;
      const double rate = series[s].rates[g];
      const double x = center + (static_cast<double>(s) - count / 2) * (bar_width + 2) + 1;
      const bool has_interval = g < series[s].intervals.size();
      const std::string interval = has_interval ? IntervalText(series[s].intervals[g], 100, 1) : "";
      out += BarPath(x, y_of(rate), bar_width, kBase, "bar " + SeriesClass(s),
                     fmt::format("{}: {} of the chains do {} or more {}", series[s].name, Percent(rate),
                                 g + 1, interval));
      double top = y_of(rate);
      if (has_interval) {
        top = y_of(series[s].intervals[g][1]);
        out += Whisker(x + bar_width / 2, y_of(series[s].intervals[g][0]), top, std::min(5.0, bar_width / 4));
      }
      if (series.size() == 1)
        out += Text(x + bar_width / 2, std::min(top, y_of(rate)) - 6, Percent(rate), "value mid");
    }
    out += Text(center, kBase + 19, fmt::format("{}", g + 1), "tick mid");
  }
  out += Text((kLeft + kWidth - kRight) / 2, kHeight - 6, "instructions in a row", "label mid");
  return out + "</svg>";
}

std::string BarChart(const std::vector<Bar>& bars, const std::string& axis, const std::string& description) {
  constexpr double kHeight = 190, kBase = 146;
  double most = 0;
  for (const Bar& bar : bars) most = std::max(most, bar.value);
  std::string out = Open(kWidth, kHeight, description, "bars");
  out += Line(8, kBase, kWidth - 8, kBase, "axis");
  const double pitch = (kWidth - 16) / static_cast<double>(std::max<size_t>(1, bars.size()));
  const double width = std::min(46.0, pitch * 0.72);
  for (size_t i = 0; i < bars.size(); ++i) {
    const double center = 8 + pitch * (static_cast<double>(i) + 0.5);
    const double y = kBase - (most > 0 ? bars[i].value / most : 0) * (kBase - kTop);
    out += BarPath(center - width / 2, y, width, kBase, "bar s0",
                   fmt::format("{}: {}", bars[i].label, bars[i].text));
    out += Text(center, std::min(y, kBase) - 6, bars[i].text, bars[i].value > 0 ? "value mid" : "tick mid");
    out += Text(center, kBase + 19, bars[i].label, "tick mid");
  }
  out += Text(kWidth / 2, kHeight - 6, axis, "label mid");
  return out + "</svg>";
}

std::string ChainMosaic(const std::vector<ChainResult>& chains) {
  constexpr size_t kPerBand = 100;
  constexpr int kPitch = 10, kCell = 8, kBandGap = 12;
  size_t length = 0;
  for (const ChainResult& chain : chains)
    length = std::max({length, chain.tasks.size(), chain.subtasks.size()});
  if (chains.empty() || length == 0) return "";
  const size_t columns = std::min(kPerBand, chains.size());
  const size_t bands = (chains.size() + kPerBand - 1) / kPerBand;
  const int band_height = static_cast<int>(length) * kPitch + kBandGap;
  // One path a kind keeps a thousand chains small.
  std::map<std::string, std::string> paths = {{"done", ""}, {"failed", ""}, {"open", ""}};
  std::string titles;
  for (size_t i = 0; i < chains.size(); ++i) {
    const ChainResult& chain = chains[i];
    const int x = static_cast<int>(i % kPerBand) * kPitch + 1;
    const int top = static_cast<int>(i / kPerBand) * band_height + 1;
    for (size_t k = 0; k < length; ++k) {
      const int y = top + static_cast<int>(length - 1 - k) * kPitch;
      const bool done = static_cast<int>(k) < chain.success;
      const char* kind = done ? "done" : k < chain.subtasks.size() ? "failed" : "open";
      paths[kind] += fmt::format("M{} {}h{}v{}h-{}z", x, y, kCell, kCell, kCell);
    }
    titles += fmt::format(
        R"(<rect x="{}" y="{}" width="{}" height="{}"><title>chain {}: {} of {}</title></rect>)", x - 1,
        top - 1, kPitch, static_cast<int>(length) * kPitch, chain.index, chain.success, length);
  }
  const double width = static_cast<double>(columns) * kPitch;
  const double height = static_cast<double>(bands) * band_height - kBandGap;
  std::string out =
      fmt::format(R"(<div class="mosaic" style="max-width:{:.0f}px">)", std::min(1120.0, width * 2.2));
  out += Open(width, height, fmt::format("Outcome of every subtask of {} chains", chains.size()), "cells");
  for (const auto& [kind, path] : paths) out += fmt::format(R"(<path class="{}" d="{}"/>)", kind, path);
  return out + R"(<g class="touch">)" + titles + "</g></svg></div>";
}

std::string TradeOffChart(const std::vector<TradeOffPoint>& points, const std::string& axis) {
  constexpr double kHeight = 262, kBase = 212;
  double low = INFINITY, high = -INFINITY;
  for (const TradeOffPoint& point : points) {
    low = std::min(low, std::log10(point.cost));
    high = std::max(high, std::log10(point.cost));
  }
  const double margin = std::max(0.12, (high - low) * 0.15);
  low -= margin;
  high += margin;
  const double right = kWidth - kRight;
  const auto x_of = [&](double cost) {
    return kLeft + (std::log10(cost) - low) / (high - low) * (right - kLeft);
  };
  const auto y_of = [&](double length) { return kBase - length / 5 * (kBase - kTop); };
  std::string out = Open(kWidth, kHeight, "Average chain length over cost", "tradeoff");
  for (int length = 0; length <= 5; ++length) {
    out += Line(kLeft, y_of(length), right, y_of(length), length == 0 ? "axis" : "grid");
    out += Text(kLeft - 8, y_of(length) + 4, fmt::format("{}", length), "tick end");
  }
  for (int decade = static_cast<int>(std::floor(low)); decade <= static_cast<int>(std::ceil(high));
       ++decade) {
    for (const int digit : {1, 2, 5}) {
      const double cost = digit * std::pow(10.0, decade);
      if (std::log10(cost) < low || std::log10(cost) > high) continue;
      out += Line(x_of(cost), kBase, x_of(cost), kBase + 4, "axis");
      out += Text(x_of(cost), kBase + 19, fmt::format("{:g}", cost), "tick mid");
    }
  }
  std::vector<Box> taken;
  for (const TradeOffPoint& point : points) {
    const double x = x_of(point.cost), y = y_of(point.length);
    taken.push_back({x - 8, y - 8, x + 8, y + 8});
  }
  for (size_t i = 0; i < points.size(); ++i) {
    const TradeOffPoint& point = points[i];
    const double x = x_of(point.cost), y = y_of(point.length);
    if (point.interval) out += Whisker(x, y_of((*point.interval)[0]), y_of((*point.interval)[1]), 4);
    out += fmt::format(
        R"(<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="6"><title>{}: {:.2f} at {}</title></circle>)",
        SeriesClass(point.series), x, y, Escape(point.name), point.length, Figure(point.cost));
    out += PlaceLabel(point.name, x, y, right, taken);
  }
  out += Text((kLeft + right) / 2, kHeight - 6, axis, "label mid");
  return out + "</svg>";
}

}  // namespace deerbench
