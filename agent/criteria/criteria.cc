#include "agent/criteria/criteria.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace deerbench {

const std::vector<CriterionInfo>& ExitCriteria() {
  static const std::vector<CriterionInfo> kCriteria = {
      {"action", "how much the pose changes from exit to exit, root mean square (DeeR's)", MakeActionChange},
      {"action-mean", "the same, mean of the magnitudes", MakeActionMeanChange},
      {"action-max", "the same, largest magnitude", MakeActionLargestChange},
      {"action-cosine", "how much the pose turns as a vector, 1 - cosine", MakeActionTurn},
      {"feature", "how much the pooled features turn, 1 - cosine", MakeFeatureTurn},
      {"time", "deep at a subtask's start, shallow later, whatever is seen", MakeTimeLeft},
      {"random", "chance", MakeChance},
  };
  return kCriteria;
}

std::string CriterionHelp() {
  std::vector<std::string> lines;
  for (const CriterionInfo& info : ExitCriteria())
    lines.push_back(fmt::format("{} ({})", info.name, info.help));
  return fmt::format("{}", fmt::join(lines, ", "));
}

const CriterionInfo& FindCriterion(const std::string& name) {
  std::vector<std::string> names;
  for (const CriterionInfo& info : ExitCriteria()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  Fail(fmt::format("criterion: '{}', expected one of {}", name, fmt::join(names, ", ")));
}

}  // namespace deerbench
