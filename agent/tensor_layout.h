// Which tensors a checkpoint holds, from its sizes alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/config.h"

namespace deerbench {

struct TensorLayout {
  std::string name;
  std::vector<int64_t> shape;

  int64_t count() const;
};

// Everything that inference needs and the official code's names keep, in a fixed order: without the heads
// that only training uses.
std::vector<TensorLayout> CheckpointTensors(const AgentConfig& config);

}  // namespace deerbench
