#include "sim/expert/expert.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "sim/expert/grasp.h"
#include "sim/expert/skill.h"

namespace deerbench {

using expert::BlockHalfExtents;
using expert::IsBetweenFingers;
using expert::LetGo;
using expert::Look;
using expert::MakeSkill;
using expert::Move;
using expert::Skill;
using expert::Towards;
using expert::View;

struct Expert::Impl {
  std::shared_ptr<const SceneModel> model;
  ExpertOptions options;
  std::array<Vec3, 3> half_extents;
  std::unique_ptr<Skill> skill;
  std::mt19937_64 random;
  std::array<double, 6> drift{};  // correlated noise on the action
};

Expert::Expert(std::shared_ptr<const SceneModel> model, const ExpertOptions& options)
    : impl_(std::make_unique<Impl>()) {
  if (!(options.noise >= 0)) Fail(fmt::format("expert noise is {}, expected 0 or more", options.noise));
  impl_->model = std::move(model);
  impl_->options = options;
  impl_->half_extents = BlockHalfExtents(impl_->model->description());
}

Expert::~Expert() = default;

void Expert::Reset(const World& world, TaskId task, uint64_t seed) {
  impl_->skill = MakeSkill(Tasks()[task], Look(world, impl_->half_extents));
  impl_->random.seed(seed);
  impl_->drift = {};
}

ExpertStep Expert::Step(const World& world) {
  Require(impl_->skill != nullptr, "Expert::Step was called before Reset");
  const View view = Look(world, impl_->half_extents);
  Move move = impl_->skill->Next(view);
  for (int i = 0; i < 3; ++i) {
    if (!impl_->skill->Handles(i) && IsBetweenFingers(view, i)) move.goal = LetGo(view, i);
  }
  ExpertStep step;
  if (!move.problem.empty()) {
    step.can_act = false;
    step.reason = move.problem;
    step.action = {0, 0, 0, 0, 0, 0, view.gripper_action};
    return step;
  }
  step.action = Towards(view, move.goal);
  if (impl_->options.noise > 0) {
    // Sums of uniforms, so that no library's normal distribution decides the bits; it wanders over some ten
    // steps.
    for (size_t i = 0; i < 6; ++i) {
      double push = -2;
      for (int k = 0; k < 4; ++k) push += static_cast<double>(impl_->random() >> 11) * 0x1.0p-53;
      impl_->drift[i] = 0.9 * impl_->drift[i] + 0.4 * push;
      const double scale = i < 3 ? 0.25 : 0.08;
      step.action[i] = std::clamp(step.action[i] + impl_->options.noise * scale * impl_->drift[i], -1.0, 1.0);
    }
  }
  return step;
}

}  // namespace deerbench
