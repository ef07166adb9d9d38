// When an agent's walk through its layers may end. A criterion sees an exit and says a number; the walk ends
// where the number is at most the exit's threshold, so that thresholds for a budget are solved from recorded
// numbers whatever the criterion (agent/thresholds.h). Each criterion is one file here and a line in
// criteria.cc. DeeR (arXiv 2411.02359) compares its own, the action's change, with others of these kinds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace deerbench {

// What is known at an exit. The values before are those of the exit before or, at the first one, of the layer
// below it; spans are empty where the criterion does not read them.
struct ExitView {
  int step = 0;                                      // since the subtask began
  int layer = 0;                                     // from 0
  std::span<const float> pose, pose_before;          // (6) in (-1, 1), what the head would do
  std::span<const float> features, features_before;  // (d) largest of each over the tokens
};

// One environment's; not for several threads.
class ExitCriterion {
 public:
  virtual ~ExitCriterion() = default;
  // Without poses the head is asked at the exit taken alone.
  virtual bool reads_poses() const { return false; }
  virtual bool reads_features() const { return false; }
  // The start of a subtask.
  virtual void Reset(uint64_t /*seed*/) {}
  virtual float Measure(const ExitView& exit) = 0;
};

struct CriterionInfo {
  std::string name, help;
  std::unique_ptr<ExitCriterion> (*make)();
};

inline constexpr const char* kDefaultCriterion = "action";

const std::vector<CriterionInfo>& ExitCriteria();
std::string CriterionHelp();  // all of them in a line
// Throws Error naming the criteria there are.
const CriterionInfo& FindCriterion(const std::string& name);

}  // namespace deerbench
