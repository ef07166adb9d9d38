#include <fmt/format.h>
#include <pybind11/stl.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/error.h"
#include "harness/episode.h"
#include "harness/media_observer.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policy_registry.h"
#include "harness/report/report.h"
#include "harness/run_folder.h"
#include "python/bindings/agent.h"
#include "python/bindings/bindings.h"
#include "python/bindings/interruptible.h"
#include "python/bindings/python_policy.h"
#include "python/bindings/symbolic.h"
#include "sim/tasks/instructions.h"

namespace py = pybind11;

namespace deerbench {
namespace {

std::filesystem::path InstructionsFile(const std::filesystem::path& scenes) {
  return scenes / "instructions.yaml";
}

// Settings by the names and in the words of config.yaml. A policy of the caller's own has no options, a
// loaded agent those that it was loaded with.
EvalConfig ToConfig(const std::map<std::string, std::string>& settings, bool own_policy,
                    const LoadedAgent* agent, const Installation& installation) {
  if (agent || !own_policy) {
    EvalConfig config = ConfigFromKeys(settings);
    if (agent)
      CheckTrainedIn(agent->checkpoint(), config.split);
    else
      ResolvePolicy(config, installation);
    return config;
  }
  EvalConfig config;
  for (const auto& [key, value] : settings) {
    if (!SetConfigValue(config, key, value)) Fail(fmt::format("{}: unknown setting", key));
  }
  return config;
}

// `chain_dicts` are those that the settings name: drawing them takes a second, so the caller keeps them.
// Evaluates in this process what the folder lacks, writes the report and returns summary.json.
// `on_chain(done, chains, average length)` is called after each chain.
std::string Evaluate(std::map<std::string, std::string> settings, const py::list& chain_dicts,
                     const py::object& policy_object, const std::string& out, bool resume,
                     const std::string& models, const std::string& tensor_plugin,
                     const std::string& cuda_plugin, const py::function& on_chain) {
  const Installation installation{models, tensor_plugin, cuda_plugin};
  LoadedAgent* agent =
      py::isinstance<LoadedAgent>(policy_object) ? policy_object.cast<LoadedAgent*>() : nullptr;
  const bool own_policy = !policy_object.is_none() && !agent;
  if (resume && policy_object.is_none()) KeepMeasured(out, settings);
  const EvalConfig config = ToConfig(settings, own_policy, agent, installation);
  const RunMode mode = resume ? RunMode::kResume : RunMode::kNew;
  std::vector<Chain> chains;
  for (const py::handle chain : chain_dicts) chains.push_back(ChainFromDict(chain.cast<py::dict>()));
  std::unique_ptr<PythonPolicy> python_policy;
  if (own_policy) python_policy = std::make_unique<PythonPolicy>(policy_object);

  py::gil_scoped_release release;
  RunWriter::Check(out, config, mode);
  TabletopOptions options;
  options.depth = config.depth;
  // Whatever the scene or the policy refuses leaves no folder behind.
  Tabletop tabletop(LoadTabletopScene(config.split.Scene(), config.scenes, config.assets), options);
  EpisodeOptions episode;
  episode.seed = config.seed;
  episode.policy_name = config.policy;
  const Instructions instructions = LoadInstructions(InstructionsFile(config.scenes));
  for (TaskId task = 0; task < kTaskCount; ++task) episode.instructions[task] = instructions.Canonical(task);
  AnyPolicy policy;
  if (!own_policy && !agent)
    policy = FindPolicy(config.policy)
                 .make({tabletop.scene().model,
                        config,
                        installation,
                        {episode.instructions.begin(), episode.instructions.end()}});
  MediaObserver media(out, config, episode.instructions);
  Interruptible observer(media);
  episode.observer = &observer;

  RunWriter writer(out, config, mode);
  int successes = 0, done = 0;
  for (const ChainRecord& record : writer.finished()) {
    successes += record.success;
    ++done;
  }
  for (const int index : writer.Missing()) {
    const auto run = [&](auto& one) { return EvaluateChain(tabletop, one, chains[index], index, episode); };
    ChainRecord record = own_policy ? run(*python_policy)
                         : agent    ? run(static_cast<Policy&>(*agent))
                                    : std::visit([&](auto& named) { return run(*named); }, policy);
    successes += record.success;
    ++done;
    writer.Commit(std::move(record));
    py::gil_scoped_acquire acquire;
    on_chain(done, config.chains, static_cast<double>(successes) / done);
  }
  const Summary summary = writer.Finish();
  WriteReport({out}, std::filesystem::path(out) / "report.html");
  return ToJson(summary);
}

}  // namespace

void BindEvaluation(py::module_& m) {
  py::list names;
  for (const PolicyEntry& entry : PolicyRegistry()) names.append(entry.name);
  m.attr("POLICIES") = py::tuple(names);
  m.def("evaluate", &Evaluate, py::arg("settings"), py::arg("chains"), py::arg("policy"), py::kw_only(),
        py::arg("out"), py::arg("resume"), py::arg("models"), py::arg("tensor_plugin"),
        py::arg("cuda_plugin"), py::arg("on_chain"));
  m.def(
      "instructions",
      [](const std::string& scenes_dir) {
        const Instructions instructions = LoadInstructions(InstructionsFile(scenes_dir));
        py::dict sentences;
        for (TaskId task = 0; task < kTaskCount; ++task)
          sentences[py::str(std::string(Tasks()[task].name))] = instructions.Canonical(task);
        return sentences;
      },
      py::arg("scenes_dir"));
}

}  // namespace deerbench
