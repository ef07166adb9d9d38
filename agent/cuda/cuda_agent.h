// An agent from a checkpoint folder on a device's queue: pictures, state and a sentence in, action out.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "agent/cuda/cuda_model.h"
#include "agent/precision.h"
#include "agent/sentence_agent.h"

namespace deerbench::cuda {

// Throws Error naming the precision where the kernels do not have one of its types.
WeightTypes WeightTypesOf(const Precision& precision);

class CudaAgent : public SentenceAgent<CudaModel> {
 public:
  CudaAgent(const std::filesystem::path& folder, ExitOptions exits, std::unique_ptr<Queue> queue,
            const Precision& precision)
      : SentenceAgent(OpenCheckpoint(folder), std::move(exits), std::move(queue), WeightTypesOf(precision)) {}
};

}  // namespace deerbench::cuda
