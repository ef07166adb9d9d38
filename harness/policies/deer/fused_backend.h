// The agent on the fused path, without the tensor library, behind the harness's seam.
#pragma once

#include <memory>

#include "agent/fused/fused_agent.h"
#include "harness/policies/deer/agent_backend.h"

namespace deerbench {

// What the harness keeps of a step on the fused path.
AgentDecision Decision(fused::FusedStep step);

// Throws Error naming the checkpoint's file and what is wrong.
std::unique_ptr<AgentBackend> MakeFusedAgent(const AgentRequest& request);

}  // namespace deerbench
