// Sentences as token ids, for training.
#pragma once

#include <array>
#include <vector>

#include "agent/config.h"
#include "agent/tokenizer.h"
#include "sim/tasks/instructions.h"

namespace deerbench {

// Token ids of every training phrasing, by task.
using Phrasings = std::array<std::vector<std::vector<int>>, kTaskCount>;

// Every training phrasing of every task, as the agent's prompt; the canonical sentence, which evaluations
// say, among them as often as a quarter of them together.
Phrasings TrainingPhrasings(const AgentConfig& agent, const Tokenizer& tokenizer,
                            const Instructions& instructions);

}  // namespace deerbench
