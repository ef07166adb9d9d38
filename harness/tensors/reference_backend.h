// The agent on the tensor library behind the harness's seam.
#pragma once

#include <memory>

#include "harness/policies/deer/agent_backend.h"

namespace deerbench {

// One thread from here on, in this whole process: another number of threads would give other last bits.
// Throws Error naming the checkpoint's file and what is wrong.
std::unique_ptr<AgentBackend> MakeReferenceAgent(const AgentRequest& request);

}  // namespace deerbench
