// The criteria's factories, one a file.
#pragma once

#include "agent/criteria/criterion.h"

namespace deerbench {

std::unique_ptr<ExitCriterion> MakeActionChange();         // root mean square over the pose
std::unique_ptr<ExitCriterion> MakeActionMeanChange();     // mean magnitude
std::unique_ptr<ExitCriterion> MakeActionLargestChange();  // largest magnitude
std::unique_ptr<ExitCriterion> MakeActionTurn();           // 1 - cosine of the angle between the poses
std::unique_ptr<ExitCriterion> MakeFeatureTurn();          // 1 - cosine between the pooled features
std::unique_ptr<ExitCriterion> MakeTimeLeft();             // falls as the subtask goes on
std::unique_ptr<ExitCriterion> MakeChance();               // uniform in [0, 1)

}  // namespace deerbench
