// The official DeeR code's recorded tensors as the tensor library's.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>

#include "agent/agent_model.h"
#include "tests/agent/recorded_config.h"
#include "tests/support/npz.h"

namespace deerbench::test {

// That model with its recorded weights, in eval mode. `layers`: how many to build, 0 for all and the
// auxiliary heads.
AgentModel RecordedModel(const std::filesystem::path& folder, const std::string& letter, int layers = 0);

torch::Tensor ToTensor(const NpyArray& array);  // float32, int64 or uint8

// Largest absolute difference.
double MaxError(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace deerbench::test
