// Feature similarity: where one more exit would hardly turn the pooled features, the walk ends. The head is
// asked once a step.
#include "agent/criteria/cosine.h"
#include "agent/criteria/criteria.h"

namespace deerbench {
namespace {

class FeatureTurn final : public ExitCriterion {
 public:
  bool reads_features() const override { return true; }
  float Measure(const ExitView& exit) override { return CosineDistance(exit.features, exit.features_before); }
};

}  // namespace

std::unique_ptr<ExitCriterion> MakeFeatureTurn() { return std::make_unique<FeatureTurn>(); }

}  // namespace deerbench
