// The scripted expert, which sees the world itself: the ceiling.
#include "sim/expert/expert.h"

#include "harness/policies/policies.h"

namespace deerbench {
namespace {

class ExpertPolicy final : public PrivilegedPolicy {
 public:
  ExpertPolicy(std::shared_ptr<const SceneModel> scene, const ExpertOptions& options)
      : expert_(std::move(scene), options) {}

  void Reset(const World& world, TaskId task, uint64_t seed) override { expert_.Reset(world, task, seed); }

  PolicyStep Step(const World& world) override {
    ExpertStep step = expert_.Step(world);
    if (step.can_act) return {.action = step.action, .cost = {}, .cannot_act = {}};
    return {.action = {},
            .cost = {},
            .cannot_act = step.reason.empty() ? "no reason given" : std::move(step.reason)};
  }

 private:
  Expert expert_;
};

}  // namespace

PolicyEntry ExpertPolicyEntry() {
  return {.name = "expert",
          .help = "scripted controller that sees the world itself",
          .options = {{"expert_noise", "scale of the expert's random offsets, 0 to 10", "0"}},
          .make = [](const PolicyContext& context) -> AnyPolicy {
            const ExpertOptions options{.noise = NumberOption(context.config, "expert_noise", 0, 10)};
            return std::make_unique<ExpertPolicy>(context.scene, options);
          }};
}

}  // namespace deerbench
