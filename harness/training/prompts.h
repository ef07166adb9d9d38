// Sentences as token ids, for training.
#pragma once

#include "agent/config.h"
#include "agent/tokenizer.h"
#include "harness/training/windows.h"
#include "sim/tasks/instructions.h"

namespace deerbench {

// Every training phrasing of every task, as the agent's prompt; the canonical sentence, which evaluations
// say, among them as often as a quarter of them together.
Phrasings TrainingPhrasings(const AgentConfig& agent, const Tokenizer& tokenizer,
                            const Instructions& instructions);

}  // namespace deerbench
