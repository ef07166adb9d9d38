// The agent's kernels for GPUs. They bring the CUDA runtime, so they live in a shared library of ours that is
// built where nvcc is and loaded only where it is asked for; the agent on top of them (agent/cuda) is part of
// the program.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "agent/cuda/queue.h"

namespace deerbench {

class CudaPlugin {
 public:
  virtual ~CudaPlugin() = default;
  // Why the kernels cannot run on this machine, or nothing.
  virtual std::string WhyNoDevice() const = 0;
  // On the first GPU. Throws Error with the reason where there is none.
  virtual std::unique_ptr<cuda::Queue> MakeQueue() const = 0;
};

// Loads it for the rest of the process's life; an empty path is an installation without it. Throws Error with
// the reason.
const CudaPlugin& OpenCudaPlugin(const std::filesystem::path& library);

// What `--backend cuda` computes on. Throws Error saying what there is not: kernels, a driver or a GPU.
std::unique_ptr<cuda::Queue> MakeCudaQueue(const std::filesystem::path& library);

}  // namespace deerbench

// The one symbol of the shared library.
extern "C" const deerbench::CudaPlugin* DeerbenchCudaPlugin();
