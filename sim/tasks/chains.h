// Evaluation chains: an initial symbolic state and five tasks.
// Source: calvin_models/calvin_agent/evaluation/multistep_sequences.py.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/tasks/initial_state.h"
#include "sim/tasks/symbolic_state.h"
#include "sim/tasks/task.h"

namespace deerbench {

inline constexpr int kChainLength = 5;
inline constexpr int kEvaluationChains = 1000;
inline constexpr int kTuningChains = 2000;

struct Chain {
  SymbolicState state;
  std::array<TaskId, kChainLength> tasks{};
  friend bool operator==(const Chain&, const Chain&) = default;
};

enum class ChainSet { kEvaluation, kTuning };

// CALVIN's get_sequences(count), bit for bit, for any count from 0. Not prefix-stable in `count`. Throws
// Error if `count` is negative.
std::vector<Chain> CalvinSequences(int count);

// The first `count` chains of a set. The evaluation set is CalvinSequences(1000). The tuning set is made the
// same way from other seeds; its 2000 chains are distinct and share none with the evaluation set. Throws
// Error if `count` is below 1 or above the set's size.
std::vector<Chain> Chains(ChainSet set, int count);

// One JSON object on one line: {"state": {...}, "tasks": [...]}, keys and values as CALVIN's dictionaries.
std::string ToJson(const Chain& chain);

}  // namespace deerbench
