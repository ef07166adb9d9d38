// Puts a checkpoint's tensors into a model.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

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

}  // namespace deerbench
