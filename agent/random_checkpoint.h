// Checkpoints of any size with random weights: for speed and memory at sizes whose weights are not at hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "agent/config.h"

namespace deerbench {

struct RandomCheckpointOptions {
  uint64_t seed = 1;
  uint64_t shard_bytes = uint64_t{2} << 30;  // largest file of weights, but for a tensor that is larger
};

// A preset's config (PresetConfig) with so many layers in the language model, 0 for the preset's, and the
// special tokens of `tokenizer` (the text of a tokenizer.json), whose ids then are a small part of the
// vocabulary. Throws Error naming what does not fit.
AgentConfig RandomCheckpointConfig(const std::string& preset, int layers, const std::string& tokenizer);

// Bytes of the weights that WriteRandomCheckpoint writes.
uint64_t RandomCheckpointBytes(const AgentConfig& config);

// Writes a whole checkpoint folder (checkpoint_folder.h), its weights in single precision and in shards with
// an index, piece by piece: no tensor is ever in memory. Matrices are uniform with the deviation that keeps
// their output the size of their input, norms and gates as in training under way. The folder must be new or
// empty. Throws Error naming the folder if it is not, or if the disk has less room than is needed.
void WriteRandomCheckpoint(const std::filesystem::path& path, const AgentConfig& config,
                           const std::string& tokenizer, const RandomCheckpointOptions& options = {});

}  // namespace deerbench
