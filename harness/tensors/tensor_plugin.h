// Everything of the program that needs the tensor library. Loading that takes a quarter of a second and 200
// MiB, so it lives in a shared library of ours that only those verbs and policies load which need it.
#pragma once

#include <filesystem>
#include <memory>

#include "agent/runtime.h"
#include "harness/policies/deer/agent_backend.h"
#include "harness/training/training.h"

namespace deerbench {

class TensorPlugin {
 public:
  virtual ~TensorPlugin() = default;
  virtual TensorRuntime Runtime() const = 0;
  // Runs a recipe's stages (harness/training/trainer.h).
  virtual bool Train(const TrainingRequest& request, TrainingMonitor& monitor) const = 0;
  // The agent on the tensor library, in one thread: what the fused path is measured by.
  virtual std::unique_ptr<AgentBackend> MakeAgent(const AgentRequest& request) const = 0;
};

// Loads it for the rest of the process's life; an empty path is an installation without it. Throws Error with
// the reason.
const TensorPlugin& OpenTensorPlugin(const std::filesystem::path& library);

}  // namespace deerbench

// The one symbol of the shared library.
extern "C" const deerbench::TensorPlugin* DeerbenchTensorPlugin();
