#include "datasets/demo_statistics.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace deerbench {
namespace {

// Welford's recurrence; `deviation` holds the sum of squares until Finish.
void Add(Spread& spread, double value) {
  if (spread.count == 0) spread.least = spread.greatest = value;
  ++spread.count;
  const double before = value - spread.mean;
  spread.mean += before / static_cast<double>(spread.count);
  spread.deviation += before * (value - spread.mean);
  spread.least = std::min(spread.least, value);
  spread.greatest = std::max(spread.greatest, value);
}

void Finish(Spread& spread) {
  if (spread.count > 0) spread.deviation = std::sqrt(spread.deviation / static_cast<double>(spread.count));
}

void Add(DemoTally& tally, const DemoInfo& demo) {
  ++tally.demos;
  tally.successes += demo.success;
  Add(tally.length, demo.length);
}

}  // namespace

DemoStatistics Summarise(const DemoReader& reader, const std::function<void(int)>& on_demo) {
  DemoStatistics out;
  std::set<std::string> sentences;
  for (int i = 0; i < reader.size(); ++i) {
    const Demonstration demo = reader.Read(i);
    Add(out.all, demo.info);
    Add(out.tasks[static_cast<size_t>(demo.info.task)], demo.info);
    Add(out.scenes[demo.info.scene], demo.info);
    Add(out.sources[demo.info.source], demo.info);
    sentences.insert(demo.info.sentence);
    out.with_states += demo.info.has_states;
    for (const std::string& name : demo.info.stored) {
      reader.ReadStored(i, name);  // holds it against its digest
      ++out.stored[name];
    }
    out.steps += demo.info.length;
    for (size_t t = 0; t < demo.actions.size(); ++t) {
      if (demo.labelled[t] == 0) continue;
      ++out.labelled_steps;
      out.differing_steps += demo.executed[t] != demo.actions[t];
      for (size_t k = 0; k < 7; ++k) {
        Add(out.actions[k], demo.actions[t][k]);
        Add(out.deviations[k], demo.executed[t][k] - demo.actions[t][k]);
      }
    }
    if (on_demo) on_demo(i + 1);
  }
  out.sentences = static_cast<int>(sentences.size());
  Finish(out.all.length);
  for (DemoTally& tally : out.tasks) Finish(tally.length);
  for (auto& [name, tally] : out.scenes) Finish(tally.length);
  for (auto& [name, tally] : out.sources) Finish(tally.length);
  for (Spread& spread : out.actions) Finish(spread);
  for (Spread& spread : out.deviations) Finish(spread);
  return out;
}

}  // namespace deerbench
