// deerbench inspect, of agents: sizes, weights and costs of a preset or a checkpoint.
#pragma once

#include <string>

#include "harness/verbs/verb.h"

namespace deerbench {

struct InspectAgentSettings {
  std::string preset;      // a name, or empty:
  std::string checkpoint;  // a folder
  int text_tokens = 13;    // of the prompt that costs are counted for
  bool json = false;
};

int InspectAgent(const InspectAgentSettings& settings, const Program& program);

}  // namespace deerbench
