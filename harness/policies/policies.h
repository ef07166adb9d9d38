// One function a policy: its row of the registry.
#pragma once

#include "harness/policy_registry.h"

namespace deerbench {

PolicyEntry DeerPolicyEntry();
PolicyEntry ExpertPolicyEntry();
PolicyEntry RandomPolicyEntry();

}  // namespace deerbench
