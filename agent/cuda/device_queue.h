// The GPU's queue. No CUDA header: callers are compiled without them.
#pragma once

#include <memory>
#include <string>

#include "agent/cuda/queue.h"

namespace deerbench::cuda {

// Why there is no GPU that the kernels were compiled for (compute capability 8.0 or higher), or nothing.
std::string WhyNoDevice();

// On the first GPU. Throws Error with the reason where there is none.
std::unique_ptr<Queue> MakeDeviceQueue();

}  // namespace deerbench::cuda
