// Checkpoints and models: from a folder's tensors to a model and back.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "agent/agent_model.h"
#include "agent/checkpoint_folder.h"
#include "agent/safetensors.h"

namespace deerbench {

struct LoadOptions {
  // Tensors of the file that the model need not have, by prefix: auxiliary heads, layers above the highest
  // exit.
  std::vector<std::string> ignored_prefixes;
  // Let parameters alias the memory-mapped file instead of copying, where type and device allow.
  bool share_memory = true;
};

// Fills every parameter of `model` from the tensor of the same name. Throws one Error that lists all missing,
// unexpected and misshapen tensors (the first eight of each).
void LoadParameters(torch::nn::Module& model, const SafetensorsFile& file, const LoadOptions& options = {});

// The agent of a checkpoint, in eval mode: its first `parts.layers` layers, without what training alone uses
// unless asked for. Weights of the model's type stay in the mapped file and are read when they are first
// used.
AgentModel LoadAgent(const CheckpointFolder& folder, const AgentParts& parts = {});

// Writes a whole checkpoint folder; a reader may find old files beside new ones until it returns. Weights are
// stored as `type` (kFloat32 or kFloat16), those of the auxiliary heads only with `auxiliary_heads`.
void SaveCheckpoint(const std::filesystem::path& path, const AgentModel& model, const std::string& tokenizer,
                    const CheckpointMetadata& metadata, torch::Dtype type = torch::kFloat32,
                    bool auxiliary_heads = false);

}  // namespace deerbench
