#include "harness/record.h"

#include <fmt/format.h>

#include "base/error.h"

namespace deerbench {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSuccess:
      return "success";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kCannotAct:
      return "cannot_act";
  }
  return "";
}

Outcome OutcomeByName(std::string_view name) {
  for (const Outcome outcome : {Outcome::kSuccess, Outcome::kTimeout, Outcome::kCannotAct}) {
    if (OutcomeName(outcome) == name) return outcome;
  }
  Fail(fmt::format("outcome: '{}', expected success, timeout or cannot_act", name));
}

std::string StepFileName(int chain_index) { return fmt::format("steps/chain_{:05}.bin", chain_index); }

}  // namespace deerbench
