// The agent on the fused path, without the tensor library, behind the harness's seam.
#pragma once

#include <memory>

#include "agent/config.h"
#include "harness/policies/deer/agent_backend.h"

namespace deerbench {

// Whether the fused path computes agents of this kind.
bool FusedCanRun(const AgentConfig& config);

// Throws Error naming the checkpoint's file and what is wrong.
std::unique_ptr<AgentBackend> MakeFusedAgent(const AgentRequest& request);

}  // namespace deerbench
