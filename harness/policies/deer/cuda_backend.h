// The agent on a device's queue behind the harness's seam.
#pragma once

#include <memory>

#include "agent/cuda/queue.h"
#include "harness/policies/deer/agent_backend.h"

namespace deerbench {

// Throws Error naming the checkpoint's file, or the option, and what is wrong.
std::unique_ptr<AgentBackend> MakeCudaAgent(const AgentRequest& request, std::unique_ptr<cuda::Queue> queue);

}  // namespace deerbench
