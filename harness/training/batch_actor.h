// Several rollouts' next actions at once: the training side's way of acting. One row's last bits depend on
// the rows beside it, so this is not how an evaluation acts.
#pragma once

#include <span>
#include <vector>

#include "agent/agent_model.h"
#include "sim/env/observation.h"
#include "sim/physics/world.h"

namespace deerbench {

// One rollout's memory and wishes.
struct ActorRow {
  const Observation* observation = nullptr;
  const std::vector<int>* ids = nullptr;  // prompt
  int exit = 0;                           // ordinal of the exit to take
  torch::Tensor h, c;                     // (lstm_layers, 1, H), undefined at the start: updated
  RelativeAction action{};                // result
  torch::Tensor tokens;                   // result: (1, numbers) the encoder's tokens, half precision
};

// `model` in evaluation mode, on any device.
void Act(AgentModel& model, std::span<ActorRow*> rows);

}  // namespace deerbench
