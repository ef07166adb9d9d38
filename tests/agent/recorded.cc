#include "tests/agent/recorded.h"

#include <fmt/format.h>

#include "agent/checkpoint.h"
#include "base/error.h"

namespace deerbench::test {

AgentModel RecordedModel(const std::filesystem::path& folder, const std::string& letter, int layers) {
  const AgentConfig config = RecordedConfig(folder, letter);
  AgentModel model(config, AgentParts{.auxiliary_heads = layers == 0, .layers = layers});
  LoadOptions options;
  if (layers > 0) {
    options.ignored_prefixes = {"lm_head.", "lm_exit_modules."};
    for (int layer = layers; layer < config.language.layers; ++layer) {
      options.ignored_prefixes.push_back(fmt::format("lang_encoder.transformer.blocks.{}.", layer));
    }
  }
  LoadParameters(*model, SafetensorsFile(RecordedWeights(folder, letter).path()), options);
  model->eval();
  return model;
}

torch::Tensor ToTensor(const NpyArray& array) {
  const auto type = array.dtype == "f4"   ? torch::kFloat32
                    : array.dtype == "i8" ? torch::kInt64
                    : array.dtype == "u1" ? torch::kUInt8
                                          : throw Error("recorded array has unexpected type " + array.dtype);
  return torch::from_blob(const_cast<uint8_t*>(array.bytes.data()), array.shape, type).clone();
}

double MaxError(const torch::Tensor& a, const torch::Tensor& b) {
  Require(a.sizes() == b.sizes(), "recorded and computed tensors have different shapes");
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

}  // namespace deerbench::test
