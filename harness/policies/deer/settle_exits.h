// From the agent's options to the exits that it may take.
#pragma once

#include <string>

#include "agent/checkpoint_folder.h"
#include "agent/exits.h"
#include "harness/eval_config.h"
#include "harness/policy_registry.h"

namespace deerbench {

// What exits are weighed by: the option `criterion`, or the default. Throws Error for an unknown one.
std::string CriterionOf(const EvalConfig& config);

// Of settings that LocateCheckpoint has seen. Throws Error naming the option, its value and what was
// expected; a plan that was given must be what the other options say, where they say anything.
ExitOptions SettleExits(const EvalConfig& config, const CheckpointFolder& checkpoint,
                        const Installation& installation);

}  // namespace deerbench
