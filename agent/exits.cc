#include "agent/exits.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace deerbench {

int ExitOptions::LastLayer() const {
  const auto it = std::lower_bound(exit_layers.begin(), exit_layers.end(), max_layer);
  return it == exit_layers.end() ? exit_layers.back() : *it;
}

void ExitOptions::Validate(int model_layers) const {
  Require(!exit_layers.empty(), "exit layers are empty, expected at least one");
  if (!std::is_sorted(exit_layers.begin(), exit_layers.end()) || exit_layers.front() < 0) {
    Fail("exit layers must ascend and start at layer 0 or later");
  }
  if (exit_layers.front() == 0 && LastLayer() > 0) {
    Fail(
        fmt::format("exits at layers 0 to {}: layer 0 has none below it that it could be weighed against, "
                    "expected the first exit at layer 1 or later, or layer 0 alone",
                    LastLayer()));
  }
  if (LastLayer() >= model_layers) {
    Fail(
        fmt::format("highest exit is layer {}, the model has layers 0 to {}", LastLayer(), model_layers - 1));
  }
  const auto usable =
      std::count_if(exit_layers.begin(), exit_layers.end(), [&](int e) { return e <= max_layer; });
  if (static_cast<size_t>(usable) != thresholds.size()) {
    Fail(fmt::format("there are {} thresholds, expected {}: one for each exit up to layer {}",
                     thresholds.size(), usable, max_layer));
  }
  FindCriterion(criterion);
  if (steps_per_stage < 1) Fail(fmt::format("steps_per_stage is {}, expected at least 1", steps_per_stage));
}

}  // namespace deerbench
