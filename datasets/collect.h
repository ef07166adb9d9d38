// Fills a file with the expert's demonstrations.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "datasets/collect_plan.h"
#include "datasets/demo_file.h"
#include "sim/tasks/instructions.h"

namespace deerbench {

struct CollectRequest {
  CollectSettings settings;
  int count = 1000;                                       // demonstrations in the file at the end
  int workers = 1;                                        // threads, at most CollectPlan::kLag
  std::vector<std::shared_ptr<const SceneModel>> scenes;  // as settings.scenes
  const Instructions* instructions = nullptr;
};

// How often each task was tried and done in this run, by TaskId. Tries that were not recorded count too.
struct CollectTally {
  std::array<int, kTaskCount> attempts{}, successes{};
  int units = 0;
};

struct CollectEvents {
  std::function<void(const DemoWriter&, const CollectTally&)> on_demo;  // after each one written
  std::function<bool()> on_tick;  // several times a second; true: stop here, resumable
};

// Throws Error naming both if a file was made with other settings than these.
void RequireSameSettings(const DemoWriter& writer, const CollectSettings& settings);

// Appends demonstrations to `writer` until it holds `count`, continuing where it ends: the file's content
// depends on settings and count alone, not on workers or interruptions. Returns false if it was stopped.
// Throws Error if the file was made with other settings, or if the expert fails at everything.
bool Collect(const CollectRequest& request, DemoWriter& writer, const CollectEvents& events,
             CollectTally& tally);

}  // namespace deerbench
