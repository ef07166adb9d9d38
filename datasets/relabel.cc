#include "datasets/relabel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "datasets/replay.h"
#include "sim/expert/expert.h"
#include "sim/physics/world.h"

namespace deerbench {

RelabelOutcome Relabel(const std::shared_ptr<const SceneModel>& model, Demonstration& demo) {
  constexpr double kOther = 0.05;
  World world = WorldAtStart(model, demo);
  Expert expert(model);
  expert.Reset(world, demo.info.task, demo.info.seed);
  if (demo.labelled.empty()) demo.labelled.assign(demo.actions.size(), 1);
  RelabelOutcome outcome;
  for (size_t t = 0; t < demo.actions.size(); ++t) {
    if (const auto departure = DifferenceOf(static_cast<int>(t), demo.states[t], world.Save().state)) {
      Fail(fmt::format("states: departs at state {} of {} in {}, expected what the actions lead to here",
                       departure->step, demo.info.length, departure->value));
    }
    const ExpertStep step = expert.Step(world);
    const bool was_labelled = demo.labelled[t] != 0;
    double difference = 0;
    if (step.can_act && was_labelled)
      for (size_t i = 0; i < step.action.size(); ++i)
        difference = std::max(difference, std::abs(step.action[i] - demo.actions[t][i]));
    outcome.changed += difference > kOther || step.can_act != was_labelled;
    outcome.largest = std::max(outcome.largest, difference);
    if (step.can_act) demo.actions[t] = step.action;
    demo.labelled[t] = step.can_act ? 1 : 0;
    world.Step(demo.executed[t]);
  }
  return outcome;
}

}  // namespace deerbench
