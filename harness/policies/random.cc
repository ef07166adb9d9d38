// Uniform actions: the floor that every other policy is compared with.
#include "base/random.h"
#include "harness/policies/policies.h"

namespace deerbench {
namespace {

class RandomPolicy final : public Policy {
 public:
  void Reset(uint64_t seed) override { random_ = SplitMix64(seed); }

  PolicyStep Step(const Observation&, std::string_view) override {
    PolicyStep step;
    for (int i = 0; i < 6; ++i) step.action[i] = 2 * random_.Uniform() - 1;
    step.action[6] = random_.Next() >> 63 ? 1 : -1;
    return step;
  }

  bool needs_images() const override { return false; }

 private:
  SplitMix64 random_{0};
};

}  // namespace

PolicyEntry RandomPolicyEntry() {
  return {.name = "random",
          .help = "uniform actions",
          .options = {},
          .make = [](const PolicyContext&) -> AnyPolicy { return std::make_unique<RandomPolicy>(); }};
}

}  // namespace deerbench
