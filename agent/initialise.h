// Weights to train from scratch.
#pragma once

#include "agent/agent_model.h"

namespace deerbench {

// Gives every parameter its starting value from torch's default generator (seed it first; the order is that
// of the parameters' names): convolutions after He, matrices normal with a deviation of 1 / sqrt(inputs),
// projections back into the language model's residual stream smaller by sqrt(2 * layers) so that its size
// does not grow with depth, cross-attention gates at the config's gate_init, biases 0 and norms 1.
void InitialiseForTraining(AgentModel& model);

// For a model of which only the first `trained` exits have been trained: the layers above them begin as the
// identity (their projections into the residual stream are zero) and the auxiliary heads of the exits above
// as a copy of the last trained one, so that every exit starts as good as that one.
void BeginDeeperExits(AgentModel& model, int trained);

}  // namespace deerbench
