// The agent on the fused path, without the tensor library, behind the harness's seam.
#pragma once

#include <memory>

#include "harness/policies/deer/agent_backend.h"

namespace deerbench {

// Throws Error naming the checkpoint's file and what is wrong.
std::unique_ptr<AgentBackend> MakeFusedAgent(const AgentRequest& request);

}  // namespace deerbench
