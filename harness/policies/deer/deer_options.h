// The agent's settings on the command line, in config.yaml and from Python.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/policies/deer/agent_backend.h"
#include "harness/policies/deer/calibration.h"
#include "harness/policies/deer/checkpoint_info.h"
#include "harness/policies/deer/deer_policy.h"
#include "harness/policy_registry.h"

namespace deerbench {

const std::vector<PolicyOption>& DeerOptions();

// Settings of an agent whose evaluation is not known yet: those given, the checkpoint's own scenes for the
// split. Throws Error naming option, value and what was expected.
EvalConfig ConfigForCheckpoint(std::map<std::string, std::string> settings, const Installation& installation);

// Checks the options by themselves, finds the checkpoint and settles `checkpoint` and `backend`.
CheckpointFolder LocateCheckpoint(EvalConfig& config, const Installation& installation);

// The options budget_*.
Budget ReadBudget(const EvalConfig& config);

// Of settings that LocateCheckpoint has seen; latencies only if they are asked for.
ExitCosts MeasureExitCosts(const EvalConfig& config, const CheckpointFolder& checkpoint, bool latencies,
                           const Installation& installation);

// What an evaluation says, by TaskId.
std::vector<std::string> EvaluationSentences(const EvalConfig& config);

// For a run that goes on in a folder: a budget of time is measured once, so that settings which ask for the
// same one get the exits that the folder's run began with, and the criterion that these are weighed by.
void KeepMeasured(const std::filesystem::path& run_folder, std::map<std::string, std::string>& settings);

// Finds the checkpoint, checks that it fits the split and settles which exits may be taken when: afterwards
// `checkpoint` is a folder, `backend` a name and `exit_plan` says it all. Throws Error naming option, value
// and what was expected.
void ResolveDeer(EvalConfig& config, const Installation& installation);

// From settings that ResolveDeer has completed.
std::unique_ptr<DeerPolicy> MakeDeerPolicy(const EvalConfig& config, const Installation& installation,
                                           std::vector<std::string> sentences);

// An agent that computes on `backend`, "fused", "cuda" or "reference". Throws Error if that cannot be had.
std::unique_ptr<AgentBackend> MakeAgent(const std::string& backend, const AgentRequest& request,
                                        const Installation& installation);

}  // namespace deerbench
