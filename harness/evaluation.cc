#include "harness/evaluation.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/error.h"
#include "harness/episode.h"
#include "harness/media_observer.h"
#include "harness/policy_registry.h"
#include "harness/process/worker_pool.h"
#include "harness/record_json.h"
#include "harness/resources.h"
#include "sim/env/tabletop.h"
#include "sim/tasks/instructions.h"

namespace deerbench {
namespace {

// All that a worker keeps between chains.
class EvalWorker {
 public:
  EvalWorker(const EvalConfig& config, std::filesystem::path out)
      : config_(config),
        out_(std::move(out)),
        tabletop_(LoadTabletopScene(config_.split.Scene(), config_.scenes, config_.assets),
                  {.depth = config_.depth, .render = {}}) {
    options_.seed = config_.seed;
    options_.policy_name = config_.policy;
    const Instructions instructions =
        LoadInstructions(std::filesystem::path(config_.scenes) / "instructions.yaml");
    for (TaskId task = 0; task < kTaskCount; ++task)
      options_.instructions[task] = instructions.Canonical(task);
    policy_ = FindPolicy(config_.policy)
                  .make({tabletop_.scene().model,
                         config_,
                         FindInstallation("", ExecutablePath()),
                         {options_.instructions.begin(), options_.instructions.end()}});
    media_.emplace(out_, config_, options_.instructions);
    options_.observer = &*media_;
  }

  nlohmann::json Run(int index, const Chain& chain) {
    ChainRecord record = std::visit(
        [&](auto& policy) { return EvaluateChain(tabletop_, *policy, chain, index, options_); }, policy_);
    WriteStepFile(out_, record);
    return nlohmann::json::parse(ToJsonLine(record));
  }

 private:
  EvalConfig config_;
  std::filesystem::path out_;
  Tabletop tabletop_;
  AnyPolicy policy_;
  EpisodeOptions options_;
  std::optional<MediaObserver> media_;
};

}  // namespace

JobRunner PrepareEvalWorker(const nlohmann::json& setup) {
  const EvalConfig config = ConfigFromKeys(ParseYamlKeys(setup.at("config"), "config"));
  const auto worker = std::make_shared<EvalWorker>(config, setup.at("out").get<std::string>());
  return
      [worker](int index, const nlohmann::json& chain) { return worker->Run(index, ChainFromJson(chain)); };
}

std::optional<Summary> RunEvaluation(const EvaluationRequest& request, const EvaluationEvents& events) {
  RunWriter::Check(request.out, request.config, request.mode);
  // The first worker loads scene and policy before the folder is touched: what they refuse leaves no trace.
  WorkerPool pool(
      {.argv = request.worker_argv,
       .setup = nlohmann::json{{"config", ToYaml(request.config)}, {"out", request.out.string()}}.dump(),
       .workers = request.config.workers,
       .interrupt_fd = request.interrupt_fd,
       .job_name = "chain"});
  // Drawing chains takes a second, during which the worker loads.
  const std::vector<Chain> chains = Chains(request.config.chain_set, request.config.chains);
  if (!pool.WaitUntilReady()) return std::nullopt;

  RunWriter writer(request.out, request.config, request.mode);
  if (events.on_begin) events.on_begin(writer);
  WorkerEvents worker_events;
  worker_events.on_result = [&](int, const nlohmann::json& result) {
    ChainRecord record = ChainRecordFromJson(result.dump());
    writer.CommitLine(record);
    if (events.on_chain) events.on_chain(writer, record);
  };
  worker_events.on_tick = events.on_tick;
  worker_events.on_trouble = [&](const std::string& text) {
    if (events.on_trouble) events.on_trouble(text);
  };
  std::vector<WorkerJob> jobs;
  for (const int index : writer.Missing())
    jobs.push_back({index, nlohmann::json::parse(ToJson(chains[index]))});
  if (!pool.Run(std::move(jobs), worker_events)) return std::nullopt;
  return writer.Finish();
}

}  // namespace deerbench
