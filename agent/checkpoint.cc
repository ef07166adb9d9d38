#include "agent/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agent/cost.h"
#include "base/error.h"

namespace deerbench {
namespace {

// What training alone uses.
constexpr const char* kLastHead = "lm_head.";
constexpr const char* kExitHeads = "lm_exit_modules.";
constexpr uint64_t kSlackParameters = 1 << 20;

std::string FirstOf(const std::vector<std::string>& names) {
  constexpr size_t kShown = 8;
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + std::min(kShown, names.size()), ", "));
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

}  // namespace

void LoadParameters(torch::nn::Module& model, const SafetensorsFile& file, const LoadOptions& options) {
  torch::NoGradGuard no_grad;
  std::vector<std::string> missing, misshapen, unexpected;
  const auto parameters = model.named_parameters();
  for (const auto& item : parameters) {
    if (!file.Has(item.key())) {
      missing.push_back(item.key());
    } else if (file.shape(item.key()) != item.value().sizes().vec()) {
      misshapen.push_back(fmt::format("{} is ({}), expected ({})", item.key(),
                                      fmt::join(file.shape(item.key()), ", "),
                                      fmt::join(item.value().sizes().vec(), ", ")));
    }
  }
  for (const std::string& name : file.names()) {
    const bool ignored = std::any_of(options.ignored_prefixes.begin(), options.ignored_prefixes.end(),
                                     [&](const std::string& prefix) { return name.starts_with(prefix); });
    if (!ignored && !parameters.contains(name)) unexpected.push_back(name);
  }
  std::string problems;
  const auto report = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty())
      problems += fmt::format("{}{}: {}", problems.empty() ? "" : "; ", what, FirstOf(names));
  };
  report("missing", missing);
  report("of another shape", misshapen);
  report("unexpected", unexpected);
  if (!problems.empty())
    Fail(fmt::format("{}: tensors do not fit the model: {}", file.path().string(), problems));

  for (const auto& item : parameters) {
    const torch::Tensor stored = file.Get(item.key());
    torch::Tensor parameter = item.value();
    const bool same = stored.scalar_type() == parameter.scalar_type() && parameter.device().is_cpu();
    if (options.share_memory && same) {
      parameter.set_data(stored);
    } else {
      parameter.copy_(stored);
    }
  }
}

AgentModel LoadAgent(const CheckpointFolder& folder, const AgentParts& parts) {
  const SafetensorsFile file(folder.weights());
  // Which tensors do not fit is said below; before that, no model much larger than the file is made.
  const int layers = parts.layers > 0 ? parts.layers : folder.config.language.layers;
  const uint64_t needed = InferenceParameters(folder.config, layers), bytes = file.file_bytes();
  if (needed > bytes + kSlackParameters) {
    Fail(fmt::format("{}: {} bytes long, config.json needs {} weights", file.path().string(), bytes, needed));
  }
  AgentModel model(folder.config, parts);
  LoadOptions options;
  if (!parts.auxiliary_heads) options.ignored_prefixes = {kLastHead, kExitHeads};
  for (size_t layer = model->lang_encoder->layers.size();
       layer < static_cast<size_t>(folder.config.language.layers); ++layer) {
    options.ignored_prefixes.push_back(fmt::format("lang_encoder.transformer.blocks.{}.", layer));
  }
  LoadParameters(*model, file, options);
  model->eval();
  return model;
}

void SaveCheckpoint(const std::filesystem::path& path, const AgentModel& model, const std::string& tokenizer,
                    const CheckpointMetadata& metadata, torch::Dtype type, bool auxiliary_heads) {
  if (type != torch::kFloat32 && type != torch::kFloat16)
    Fail(fmt::format("checkpoint type is {}, expected Float or Half", c10::toString(type)));
  Require(model->lang_encoder->layers.size() == static_cast<size_t>(model->config.language.layers),
          "a checkpoint holds all layers");
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : model->named_parameters()) {
    const std::string& name = item.key();
    if (!auxiliary_heads && (name.starts_with(kLastHead) || name.starts_with(kExitHeads))) continue;
    const torch::Tensor stored = item.value().detach().to(torch::kCPU, type);
    if (!stored.isfinite().all().item<bool>())
      Fail(fmt::format("{}: tensor '{}' is not finite as {}", path.string(), name, c10::toString(type)));
    tensors.emplace(name, stored);
  }
  WriteCheckpointTexts(path, model->config, tokenizer, metadata);
  WriteSafetensors(path / "model.safetensors", tensors, {{"format", "pt"}});
}

}  // namespace deerbench
