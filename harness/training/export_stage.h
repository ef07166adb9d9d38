// Stage `export`: the newest weights as a checkpoint folder.
#pragma once

#include "harness/training/stage.h"

namespace deerbench {

struct ExportInput {
  std::map<std::string, torch::Tensor> weights;  // of an AgentModel with auxiliary heads
  std::string from;                              // stage and step they come from
  std::string data_digest;                       // of all demonstrations that training saw
  int64_t frames = 0;                            // of them
};

// Writes DIR/NAME, NAME the recipe's: config.json, model.safetensors without the auxiliary heads,
// tokenizer.json, metadata.json. Returns the folder.
std::filesystem::path ExportCheckpoint(const StageContext& context, const ExportInput& input);

}  // namespace deerbench
