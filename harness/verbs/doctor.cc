// deerbench doctor: what is there, and where.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/version.h"
#include "harness/cuda/cuda_plugin.h"
#include "harness/machine.h"
#include "harness/policy_registry.h"
#include "harness/report/terminal_table.h"
#include "harness/resources.h"
#include "harness/tensors/tensor_plugin.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Findings {
  Json json = Json::object();
  Table table{{{""}, {""}}};
  bool healthy = true;

  void Section(const std::string& title) { table.Section(title); }
  void Add(const std::string& key, const std::string& label, const std::string& value) {
    json[key] = value;
    table.Row({label, value.empty() ? Cell("none", Tone::kDim) : Cell(value)});
  }
  void AddMissing(const std::string& key, const std::string& label, const std::string& why) {
    json[key] = nullptr;
    json["problems"].push_back(why);
    table.Row({label, {why, Tone::kBad}});
    healthy = false;
  }
};

void CheckMachine(Findings& findings) {
  const MachineInfo machine = QueryMachine();
  findings.Section("Machine");
  findings.Add("cpu_model", "processor", machine.cpu_model);
  findings.Add("cores", "cores", std::to_string(machine.cores));
  findings.Add("memory_mib", "memory", fmt::format("{:.0f} MiB", machine.memory_mib));
  if (machine.capability == "DEFAULT")
    findings.AddMissing("capability", "vector instructions",
                        "neither AVX2 nor AVX512, expected at least AVX2 with FMA");
  else
    findings.Add("capability", "vector instructions", machine.capability);
  findings.Add("os", "system", machine.os);
}

void CheckTensors(Findings& findings, const fs::path& executable) {
  findings.Section("Tensor library");
  const fs::path plugin = FindLibrary(kTensorPluginFile, executable);
  findings.Add("tensor_plugin", "our part", plugin.string());
  try {
    const TensorRuntime runtime = OpenTensorPlugin(plugin).Runtime();
    findings.Add("torch_version", "LibTorch", runtime.torch_version);
    findings.Add("torch_capability", "kernels", runtime.cpu_capability);
    findings.Add("cuda", "CUDA",
                 runtime.cuda ? (runtime.cuda_device.empty() ? "yes" : runtime.cuda_device) : "");
  } catch (const Error& error) {
    findings.AddMissing("torch_version", "LibTorch", error.what());
  }
}

// A machine without kernels or without a GPU is healthy.
void CheckKernels(Findings& findings, const fs::path& executable) {
  findings.Section("CUDA kernels");
  const fs::path plugin = FindLibrary(kCudaPluginFile, executable);
  findings.Add("cuda_plugin", "our part", plugin.string());
  std::string gpu, why;
  try {
    gpu = OpenCudaPlugin(plugin).MakeQueue()->device();
  } catch (const Error& error) {
    why = error.what();
  }
  findings.Add("gpu", "GPU", gpu);
  if (!why.empty()) findings.Add("backend_cuda", "backend cuda", why);
}

std::string SceneLetters(const fs::path& scenes) {
  std::string letters;
  for (const char letter : std::string("ABCD")) {
    if (fs::exists(scenes / fmt::format("scene_{}.yaml", letter))) letters += letter;
  }
  return fmt::format("{}", fmt::join(letters, " "));
}

void CheckResources(Findings& findings, const Program& program) {
  findings.Section("Resources");
  try {
    const fs::path scenes = FindScenes("", program.env_scenes, program.executable);
    findings.Add("scenes", "scenes folder", scenes.string());
    findings.Add("scene_letters", "scenes", SceneLetters(scenes));
  } catch (const Error& error) {
    findings.AddMissing("scenes", "scenes folder", error.what());
  }
  try {
    findings.Add("models", "shipped checkpoints",
                 FindModels(program.env_models, program.executable).string());
  } catch (const Error& error) {
    findings.AddMissing("models", "shipped checkpoints", error.what());
  }
  if (program.env_assets.empty() || fs::is_directory(program.env_assets))
    findings.Add("assets", "CALVIN's assets", program.env_assets);
  else
    findings.AddMissing("assets", "CALVIN's assets",
                        fmt::format("DEERBENCH_CALVIN_ASSETS: '{}', expected a folder", program.env_assets));
}

int Run(bool as_json, const Program& program) {
  Findings findings;
  findings.Section("deerbench");
  findings.Add("version", "version", std::string(Version()));
  findings.Add("executable", "program", program.executable.string());
  std::vector<std::string> policies;
  for (const PolicyEntry& entry : PolicyRegistry()) policies.push_back(entry.name);
  findings.Add("policies", "policies", fmt::format("{}", fmt::join(policies, " ")));
  CheckMachine(findings);
  CheckTensors(findings, program.executable);
  CheckKernels(findings, program.executable);
  CheckResources(findings, program);
  findings.json["healthy"] = findings.healthy;
  PrintError(findings.table.Render(program.terminal.width, program.terminal.color));
  if (as_json) PrintOutput(findings.json.dump(2) + "\n");
  return findings.healthy ? kDone : kCheckFailed;
}

}  // namespace

void AddDoctor(CLI::App& app, Program& program) {
  const auto as_json = std::make_shared<bool>(false);
  CLI::App* verb =
      app.add_subcommand("doctor", "Say what is installed, what the machine can do and what was found where");
  verb->add_flag("--json", *as_json, "print the findings on standard output");
  verb->callback([as_json, &program] { program.exit_code = Run(*as_json, program); });
}

}  // namespace deerbench
