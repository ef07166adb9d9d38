// The official DeeR code's recorded tensors, found through DEERBENCH_DEER_DATA.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent_model.h"
#include "tests/support/npz.h"

namespace deerbench::test {

// The folder, or nothing after printing why the comparison is skipped.
std::optional<std::filesystem::path> RecordedFolder(const std::string& what);

// Files of the folder whose names begin and end so, sorted.
std::vector<std::filesystem::path> RecordedFiles(const std::filesystem::path& folder,
                                                 const std::string& prefix, const std::string& suffix);

// The configuration in config_<letter>.json, which has the official code's keys.
AgentConfig RecordedConfig(const std::filesystem::path& folder, const std::string& letter);

// That model with its recorded weights, in eval mode. `layers`: how many to build, 0 for all and the
// auxiliary heads.
AgentModel RecordedModel(const std::filesystem::path& folder, const std::string& letter, int layers = 0);

torch::Tensor ToTensor(const NpyArray& array);  // float32, int64 or uint8

// Largest absolute difference.
double MaxError(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace deerbench::test
