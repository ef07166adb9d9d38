// The device's queue emulated on the CPU, kernel by kernel and thread by thread (host_block.h): slow, and for
// tests.
#pragma once

#include <memory>

#include "agent/cuda/host_block.h"
#include "agent/cuda/queue.h"

namespace deerbench::cuda {

std::unique_ptr<Queue> MakeHostQueue(ThreadOrder order = ThreadOrder::kForwards);

}  // namespace deerbench::cuda
