// A whole evaluation: worker processes over chains, results into a run folder.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/eval_config.h"
#include "harness/process/worker.h"
#include "harness/run_folder.h"

namespace deerbench {

struct EvaluationRequest {
  EvalConfig config;  // complete: `scenes` is a folder
  std::filesystem::path out;
  RunMode mode = RunMode::kNew;
  std::vector<std::string> worker_argv;  // starts a process that calls ServeJobs(PrepareEvalWorker)
  int interrupt_fd = -1;
};

// What the caller may show. All are optional.
struct EvaluationEvents {
  std::function<void(const RunWriter&)> on_begin;  // the folder is open, work begins
  std::function<void(const RunWriter&, const ChainRecord&)> on_chain;
  std::function<void()> on_tick;
  std::function<void(const std::string& text)> on_trouble;
};

// Returns the summary, or nothing if interrupted: finished chains are in the folder, unless there is none
// yet. Throws Error before anything is written if the request cannot be met.
std::optional<Summary> RunEvaluation(const EvaluationRequest& request, const EvaluationEvents& events);

// In a worker process: loads scene and policy, and runs the chains it is asked for.
JobRunner PrepareEvalWorker(const nlohmann::json& setup);

}  // namespace deerbench
