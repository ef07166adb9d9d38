// deerbench bench agent: a decision and its parts, beside the reference.
#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/random_checkpoint.h"
#include "base/error.h"
#include "base/file.h"
#include "harness/bench/agent_bench.h"
#include "harness/bench/cuda_bench.h"
#include "harness/cuda/cuda_plugin.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/policies/deer/settle_exits.h"
#include "harness/resources.h"
#include "harness/verbs/bench.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

struct AgentSettings {
  std::map<std::string, std::string> agent = {{"checkpoint", "nano-d"}};  // as `eval` takes them
  std::string preset, layers, folder, steps, text_tokens = "0", threads = "1";
  std::optional<double> limit_ms;
  std::optional<bool> reference;
};

// A folder that is gone when the bench ends, with all that it was filled with.
class PassingFolder {
 public:
  explicit PassingFolder(const std::string& parent) {
    std::string name = (fs::path(parent) / "deerbench-random-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      Fail(
          fmt::format("folder: '{}', expected one that can be written to: {}", parent, std::strerror(errno)));
    path_ = name;
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  ~PassingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// An agent of a preset's size with random weights, saved as any other.
std::unique_ptr<PassingFolder> MakeRandomAgent(const AgentSettings& asked, const fs::path& scenes) {
  const int layers = asked.layers.empty() ? 0 : ParseInt("layers", asked.layers, 1, 256);
  const std::string tokenizer = ReadFile(scenes / "tokenizer.json");
  const AgentConfig config = RandomCheckpointConfig(asked.preset, layers, tokenizer);
  auto folder = std::make_unique<PassingFolder>(asked.folder.empty() ? fs::temp_directory_path().string()
                                                                     : asked.folder);
  PrintError(fmt::format("writing {} random weights, {} MiB, to {}\n", config.name,
                         RandomCheckpointBytes(config) >> 20, folder->path().string()));
  WriteRandomCheckpoint(folder->path(), config, tokenizer);
  return folder;
}

std::string MemoryText(const AgentBench& bench) {
  if (bench.memory.empty()) return "";
  std::string text;
  for (const MemoryAtLayers& m : bench.memory) {
    text += fmt::format(
        "{:>3} layers{}: {:.1f} MiB of language model ({:.1f} with the embedding), {:.1f} in all\n", m.layers,
        m.loaded ? "" : " (computed)", m.llm_mib, m.llm_with_embedding_mib, m.all_mib);
  }
  const MemoryAtLayers &few = bench.memory.front(), &many = bench.memory.back();
  text += fmt::format("{} layers to {}: {:.2f} times the language model ({:.2f} with the embedding)\n",
                      many.layers, few.layers, many.llm_mib / few.llm_mib,
                      many.llm_with_embedding_mib / few.llm_with_embedding_mib);
  return text + fmt::format("the process: {:.0f} MiB resident with the agent loaded, {:.0f} at most\n",
                            bench.rss_mib, bench.rss_peak_mib);
}

std::string DeviceText(const AgentBench& bench) {
  if (!bench.device) return "";
  std::string text = fmt::format("{}: a copy within its memory reads and writes {:.0f} GB/s\n",
                                 bench.device->name, bench.device->copy_gb_s);
  for (const DeviceExit& exit : bench.device->exits) {
    text += fmt::format(
        "whole step to layer {:>2}: p50 {:.3f} ms, p95 {:.3f}; reads {:.1f} MiB of weights, {:.3f} ms at "
        "that rate\n",
        exit.layer, exit.p50_ms, exit.p95_ms, exit.mib, exit.least_ms);
  }
  return text;
}

std::string Summary(const AgentBench& bench) {
  std::string text = fmt::format(
      "as evaluated: {:.3f} ms a step; {:.2f} layers, {:.2f} MMACs in the language model, {:.2f} in all\n",
      bench.step_ms, bench.mean_layers, bench.mean_llm_macs * 1e-6, bench.mean_total_macs * 1e-6);
  text += fmt::format("the language model takes {:.3f} ms a step, to the last layer {:.3f}: {:.0f} % less\n",
                      bench.llm_ms, bench.full_llm_ms, 100 * (1 - bench.llm_ms / bench.full_llm_ms));
  text += MemoryText(bench) + DeviceText(bench);
  if (const auto& reference = bench.reference) {
    text += fmt::format(
        "the {} takes {:.1f} times as long; {} of {} steps take the same exit, poses differ by at "
        "most {:.1e}\n",
        reference->name, reference->ratio, reference->equal_exits, reference->steps,
        reference->largest_difference);
  }
  return text;
}

std::map<std::string, double> Figures(const AgentBench& bench, int threads) {
  std::map<std::string, double> figures = {{"step_ms", bench.step_ms},
                                           {"threads", threads},
                                           {"mean_layers", bench.mean_layers},
                                           {"mean_llm_gmacs", bench.mean_llm_macs * 1e-9},
                                           {"mean_total_gmacs", bench.mean_total_macs * 1e-9},
                                           {"llm_ms", bench.llm_ms},
                                           {"full_llm_ms", bench.full_llm_ms},
                                           {"rss_mib", bench.rss_mib},
                                           {"rss_peak_mib", bench.rss_peak_mib}};
  for (const MemoryAtLayers& m : bench.memory) {
    figures[fmt::format("llm_weights_mib_{}_layers", m.layers)] = m.llm_mib;
    figures[fmt::format("llm_weights_with_embedding_mib_{}_layers", m.layers)] = m.llm_with_embedding_mib;
    figures[fmt::format("all_weights_mib_{}_layers", m.layers)] = m.all_mib;
  }
  if (bench.device) {
    figures["copy_gb_s"] = bench.device->copy_gb_s;
    for (const DeviceExit& exit : bench.device->exits) {
      figures[fmt::format("p50_ms_to_layer_{}", exit.layer)] = exit.p50_ms;
      figures[fmt::format("p95_ms_to_layer_{}", exit.layer)] = exit.p95_ms;
      figures[fmt::format("read_mib_to_layer_{}", exit.layer)] = exit.mib;
      figures[fmt::format("read_ms_to_layer_{}", exit.layer)] = exit.least_ms;
    }
  }
  if (bench.reference) {
    figures["reference_ratio"] = bench.reference->ratio;
    figures["reference_steps"] = bench.reference->steps;
    figures["reference_equal_exits"] = bench.reference->equal_exits;
    figures["reference_largest_difference"] = bench.reference->largest_difference;
  }
  return figures;
}

int Run(const BenchSettings& settings, AgentSettings asked, const Program& program) {
  const Installation installation = FindInstallation(program.env_models, program.executable);
  const auto make_queue = [&] { return MakeCudaQueue(installation.cuda_plugin); };
  const std::string backend = asked.agent.contains("backend") ? asked.agent.at("backend") : "";
  if (backend == "reference")
    Fail("backend: 'reference', expected fused or cuda: the reference is timed beside the fused path");
  const bool on_gpu = backend == "cuda";
  if (on_gpu) make_queue();  // what is not there is said before any weights are written
  AgentBenchOptions options;
  const fs::path scenes = FindScenes(settings.scenes, program.env_scenes, program.executable);
  std::unique_ptr<PassingFolder> random;
  if (!asked.preset.empty()) {
    random = MakeRandomAgent(asked, scenes);
    asked.agent["checkpoint"] = random->path().string();
    asked.agent.emplace("exit", "last");  // random weights have no thresholds
  } else if (!asked.layers.empty() || !asked.folder.empty()) {
    Fail(fmt::format("{}: '{}', expected only with preset", asked.layers.empty() ? "folder" : "layers",
                     asked.layers.empty() ? asked.folder : asked.layers));
  }
  EvalConfig config = ConfigForCheckpoint(asked.agent, installation);
  config.scenes = scenes.string();
  ResolveDeer(config, installation);
  const CheckpointFolder checkpoint = OpenCheckpoint(config.policy_options.at("checkpoint"));
  // What takes seconds a step is not asked for minutes.
  const bool large = checkpoint.config.vision.kind == VisionKind::kClip;
  options.steps = ParseInt("steps", asked.steps.empty() ? (large ? "6" : "240") : asked.steps, 2, 100000);
  options.exit_layers = checkpoint.config.ExitLayers();
  options.agent = {.checkpoint = checkpoint.path,
                   .exits = ExitsFromText(config.policy_options.at("exit_plan"), options.exit_layers),
                   .precision = ParsePrecision(config.policy_options.at("precision")),
                   .threads = ParseInt("threads", asked.threads, 1, 256)};
  options.agent.exits.criterion = CriterionOf(config);
  options.sentences = EvaluationSentences(config);
  options.text_tokens = ParseInt("text_tokens", asked.text_tokens, 0, checkpoint.config.language.max_seq_len);
  if (large) {
    options.memory_layers = {4, 12, 24};  // the paper's DeeR-S and DeeR-B, and the whole of MPT-1B
  } else {
    for (const int layer : options.exit_layers) options.memory_layers.push_back(layer + 1);
  }
  MakeBackend reference;
  if (options.text_tokens > 0 && asked.reference.value_or(false))
    Fail("reference: 'true', expected none with text_tokens, which are no sentence");
  if (asked.reference.value_or(!large && options.text_tokens == 0) &&
      (on_gpu || !installation.tensor_plugin.empty())) {
    reference = [&](const AgentRequest& request) {
      return MakeAgent(on_gpu ? "fused" : "reference", request, installation);
    };
  }

  const TabletopScene scene = LoadBenchScene(settings, program);
  const AgentBench bench =
      on_gpu ? BenchCuda(scene, options, make_queue, reference) : BenchAgent(scene, options, reference);
  const std::string unit = options.agent.threads == 1 && !on_gpu ? "core-milliseconds" : "milliseconds";
  PrintTimings(unit + " a decision", bench.timings, settings, program, Figures(bench, options.agent.threads),
               bench.device ? bench.device->name : "");
  PrintError(Summary(bench));
  if (!asked.limit_ms || bench.step_ms <= *asked.limit_ms) return kDone;
  PrintError(fmt::format("deerbench: a step takes {:.3f} {}, more than the limit of {}\n", bench.step_ms,
                         unit, *asked.limit_ms));
  return kCheckFailed;
}

}  // namespace

void AddBenchAgent(CLI::App& bench, Program& program) {
  const auto settings = std::make_shared<BenchSettings>();
  const auto asked = std::make_shared<AgentSettings>();
  CLI::App* verb =
      AddBenchVerb(bench, "agent", "A decision of the agent while it works, and its parts", *settings);
  const auto agent_option = [&](const std::string& key, const std::string& help) {
    return verb->add_option_function<std::string>(
        "--" + key, [asked, key](const std::string& value) { asked->agent[key] = value; }, help);
  };
  CLI::Option* checkpoint = agent_option("checkpoint", "folder or name (default: nano-d)");
  agent_option("exit", "dynamic (default), last, or the layer (from 0) whose exit is always taken");
  agent_option("thresholds", "file of `calibrate` (default: the checkpoint's own)");
  agent_option("precision", "of the weights, as in eval (default fp32)");
  agent_option("backend", "fused (default), or cuda on a GPU; the reference is timed beside the fused path");
  verb->add_option(
          "--preset", asked->preset,
          "instead of a checkpoint: 3b, 9b or nano with random weights, written to the disk and deleted "
          "behind the bench")
      ->excludes(checkpoint);
  verb->add_option("--layers", asked->layers, "of the preset's language model (default: the preset's)");
  verb->add_option("--folder", asked->folder,
                   "where the preset's weights go (default: the system's for such)");
  verb->add_option("--text-tokens", asked->text_tokens,
                   "prompts of so many tokens and pictures of noise instead of chains");
  verb->add_option("--threads", asked->threads, "that the agent computes with (default 1)");
  verb->add_option("--steps", asked->steps,
                   "control steps of tuning chains to work through (default 240; 6 for the official sizes)");
  verb->add_option("--limit-ms", asked->limit_ms, "fail (exit 1) where the median step takes longer");
  verb->add_flag_callback(
      "--reference", [asked] { asked->reference = true; },
      "time the tensor library's path too, with cuda the fused path (default for small agents)");
  verb->add_flag_callback(
      "--no-reference", [asked] { asked->reference = false; }, "leave it out");
  verb->callback([settings, asked, &program] { program.exit_code = Run(*settings, *asked, program); });
}

}  // namespace deerbench
