// Where the differences come from that thresholds are solved from: demonstrations, or chains that are never
// evaluated.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/demo_file.h"
#include "harness/episode.h"
#include "harness/policies/deer/calibration.h"

namespace deerbench {

struct RecordingEvents {
  std::function<void(int samples)> on_progress;  // after each demonstration or chain; may be empty
  std::function<bool()> stop;                    // asked likewise; may be empty
};

// Shows the agent demonstrations from their first step to their last, as many as `samples` steps take, spread
// over the file. `agent` walks to its last exit. Throws Error naming the file. Returns false if stopped.
bool RecordDemonstrations(std::shared_ptr<const DemoReader> reader, const std::string& scenes_dir,
                          int samples, AgentBackend& agent, Calibration& calibration,
                          const RecordingEvents& events);

// Lets the agent act on the first tuning chains until there are `samples` steps. Returns false if stopped.
bool RecordTuningChains(Tabletop& tabletop, const std::vector<std::string>& sentences, int samples,
                        AgentBackend& agent, Calibration& calibration, const RecordingEvents& events);

}  // namespace deerbench
