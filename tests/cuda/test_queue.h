// The queue that these tests run on: one program's is the GPU, the other's its emulation.
#pragma once

#include <memory>
#include <string>

#include "agent/cuda/queue.h"

namespace deerbench::cuda {

// Nothing, after printing why `what` is skipped, where there is no such device.
std::unique_ptr<Queue> MakeTestQueue(const std::string& what);

// Steps of a rollout that are worth the time.
int TestSteps(int all);

}  // namespace deerbench::cuda
