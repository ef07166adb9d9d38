#include "harness/verbs/inspect_agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/checkpoint_folder.h"
#include "agent/config.h"
#include "agent/cost.h"
#include "agent/tensor_file.h"
#include "base/error.h"
#include "harness/report/terminal_table.h"

namespace deerbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kOfficialLayers = 24;  // of MPT-1B before DeeR cuts it: the paper's largest figure
constexpr double kMiB = 1 << 20;

double Giga(uint64_t macs) { return static_cast<double>(macs) * 1e-9; }
double MiB(uint64_t parameters) { return static_cast<double>(4 * parameters) / kMiB; }  // in single precision

// Layer counts that costs are listed for.
int Depth(const AgentConfig& config) {
  const bool official = config.vision.kind == VisionKind::kClip;
  return official ? std::max(kOfficialLayers, config.language.layers) : config.language.layers;
}

// The paper multiplies a layer's cost, rounded to 0.1 G, by the number of layers.
double PaperGmacs(const AgentConfig& config, int layers, int tokens) {
  return layers * std::round(Giga(LayerMacs(config, 0, tokens)) * 10) / 10;
}

// What the files of a checkpoint hold beside its config.
struct Stored {
  CheckpointFolder folder;
  uint64_t file_bytes = 0;
  uint64_t parameters = 0;           // without the heads of training
  std::map<std::string, int> types;  // tensors of each type
};

Stored OpenStored(const std::string& path) {
  Stored stored;
  stored.folder = OpenCheckpoint(path);
  const TensorFile file(stored.folder.weights());
  for (const auto& [name, entry] : file.entries()) {
    ++stored.types[std::string(TensorTypeName(entry.type))];
    if (name.starts_with("lm_head.") || name.starts_with("lm_exit_modules.")) continue;
    stored.parameters += entry.bytes / TensorTypeSize(entry.type);
  }
  stored.file_bytes = file.file_bytes();
  const AgentConfig& config = stored.folder.config;
  const uint64_t expected = InferenceParameters(config, config.language.layers);
  if (stored.parameters != expected) {
    Fail(fmt::format("{}: holds {} weights, expected {} by config.json", file.path().string(),
                     stored.parameters, expected));
  }
  return stored;
}

std::string Text(const AgentConfig& c, const std::optional<Stored>& stored, int tokens,
                 const Terminal& terminal) {
  Table modules(
      {{"module"}, {"weights", Align::kRight}, {"MiB", Align::kRight}, {"GMACs a step", Align::kRight}});
  const int layers = c.language.layers;
  const auto row = [&](std::string name, uint64_t parameters, uint64_t macs) {
    modules.Row({std::move(name), fmt::format("{:.3f} M", static_cast<double>(parameters) * 1e-6),
                 fmt::format("{:.2f}", MiB(parameters)), fmt::format("{:.4f}", Giga(macs))});
  };
  row("vision encoder, two pictures", VisionParameters(c.vision), VisionMacs(c.vision));
  row("resampler, two pictures", ResamplerParameters(c), ResamplerMacs(c));
  if (c.state.use_state) row("state", StateParameters(c), StateMacs(c));
  row(fmt::format("language model, {} layers", layers), LanguageParameters(c, layers),
      LanguageMacs(c, layers, tokens));
  row("action head, one evaluation", HeadParameters(c), HeadMacs(c));

  // The paper's rounding says nothing of an agent whose layers cost less than 0.05 G.
  const bool paper = PaperGmacs(c, 1, tokens) > 0;
  Table exits({{"layers", Align::kRight},
               {"LLM GMACs", Align::kRight},
               {paper ? "as the paper rounds" : "", Align::kRight},
               {"GFLOPs", Align::kRight},
               {"LLM MiB", Align::kRight},
               {""}});
  const std::vector<int> ids = c.ExitLayers();
  for (int n = 1; n <= Depth(c); ++n) {
    const bool exit = std::find(ids.begin(), ids.end(), n - 1) != ids.end();
    if (!exit && n != 4 && n % 12 != 0) continue;
    const double gmacs = Giga(LanguageMacs(c, n, tokens));
    exits.Row({fmt::format("{}", n), fmt::format("{:.4f}", gmacs),
               paper ? fmt::format("{:.1f}", PaperGmacs(c, n, tokens)) : "", fmt::format("{:.4f}", 2 * gmacs),
               fmt::format("{:.2f}", MiB(LanguageParameters(c, n))),
               exit ? fmt::format("exit {}", n - 1) : ""});
  }
  std::string text = fmt::format("{}: {} text tokens, {} media tokens, width {}\n", c.name, tokens,
                                 c.MediaTokens(), c.language.width);
  if (stored) {
    const CheckpointMetadata& metadata = stored->folder.metadata;
    text = fmt::format("{} trained in {}, environment {}, {:.2f} MiB on disk\nsha256  {}\n", metadata.name,
                       fmt::join(metadata.train_scenes, ", "), metadata.env_version,
                       static_cast<double>(stored->file_bytes) / kMiB, stored->folder.Sha256()) +
           text;
  }
  return text + modules.Render(terminal.width, terminal.color) + "\n" +
         exits.Render(terminal.width, terminal.color);
}

Json ToJson(const AgentConfig& c, const std::optional<Stored>& stored, int tokens) {
  Json json{{"schema", "deerbench.inspect-agent/1"}, {"name", c.name}, {"text_tokens", tokens}};
  if (stored) {
    json["checkpoint"] = {{"path", stored->folder.path.string()},
                          {"sha256", stored->folder.Sha256()},
                          {"bytes", stored->file_bytes},
                          {"tensors", stored->types},
                          {"metadata", Json(ToJson(stored->folder.metadata))}};
  }
  const int layers = c.language.layers;
  json["parameters"] = {{"vision", VisionParameters(c.vision)},
                        {"resampler", ResamplerParameters(c)},
                        {"state", StateParameters(c)},
                        {"llm", LanguageParameters(c, layers)},
                        {"head", HeadParameters(c)},
                        {"total", InferenceParameters(c, layers)}};
  const StepMacs step = CountStep(c, tokens, layers, 1);
  json["gmacs"] = {{"vision", Giga(step.vision)}, {"resampler", Giga(step.resampler)},
                   {"state", Giga(step.state)},   {"llm", Giga(step.llm)},
                   {"head", Giga(step.head)},     {"total", Giga(step.total())}};
  Json gmacs, paper, flops, memory, layer_memory;
  for (int n = 1; n <= Depth(c); ++n) {
    const std::string key = std::to_string(n);
    gmacs[key] = Giga(LanguageMacs(c, n, tokens));
    flops[key] = 2 * Giga(LanguageMacs(c, n, tokens));
    paper[key] = PaperGmacs(c, n, tokens);
    memory[key] = MiB(LanguageParameters(c, n));
    layer_memory[key] = MiB(LanguageParameters(c, n) - LanguageParameters(c, 0));
  }
  json["llm_gmacs_by_layers"] = gmacs;
  json["llm_gflops_by_layers"] = flops;
  json["paper_llm_gmacs_by_layers"] = paper;
  json["llm_weights_mib_by_layers"] = memory;  // with the embedding
  json["llm_layer_weights_mib_by_layers"] = layer_memory;
  json["exits"] = c.ExitLayers();
  json["config"] = Json(deerbench::ToJson(c));
  return json;
}

}  // namespace

int InspectAgent(const InspectAgentSettings& settings, const Program& program) {
  std::optional<Stored> stored;
  if (settings.preset.empty()) stored = OpenStored(settings.checkpoint);
  const AgentConfig config = stored ? stored->folder.config : PresetConfig(settings.preset);
  if (settings.text_tokens < 1 || settings.text_tokens > config.language.max_seq_len) {
    Fail(fmt::format("--text-tokens: {}, expected 1 to {}", settings.text_tokens,
                     config.language.max_seq_len));
  }
  PrintError(Text(config, stored, settings.text_tokens, program.terminal));
  if (settings.json) PrintOutput(ToJson(config, stored, settings.text_tokens).dump(2) + "\n");
  return kDone;
}

}  // namespace deerbench
