// Chance: an exit's threshold is the share of the walks that end there, of those that reach it. The same seed
// gives the same exits.
#include "agent/criteria/criteria.h"
#include "base/random.h"

namespace deerbench {
namespace {

class Chance final : public ExitCriterion {
 public:
  void Reset(uint64_t seed) override { random_ = SplitMix64(seed); }
  float Measure(const ExitView&) override { return static_cast<float>(random_.Next() >> 40) * 0x1p-24f; }

 private:
  SplitMix64 random_{0};
};

}  // namespace

std::unique_ptr<ExitCriterion> MakeChance() { return std::make_unique<Chance>(); }

}  // namespace deerbench
