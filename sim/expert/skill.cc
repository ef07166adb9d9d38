#include "sim/expert/skill.h"

namespace deerbench::expert {

std::unique_ptr<Skill> MakeSkill(const Task& task, const View& start) {
  switch (task.family) {
    case TaskFamily::kMoveDrawer:
      return MakeDrawerSkill(task, start);
    case TaskFamily::kMoveSlider:
      return MakeSliderSkill(task, start);
    case TaskFamily::kLed:
      return MakeButtonSkill(task, start);
    case TaskFamily::kLightbulb:
      return MakeSwitchSkill(task, start);
    case TaskFamily::kLift:
      return MakeLiftSkill(task, start);
    case TaskFamily::kRotate:
      return MakeRotateSkill(task, start);
    case TaskFamily::kPush:
      return MakePushSkill(task, start);
    case TaskFamily::kPushIntoDrawer:
      return MakePushIntoDrawerSkill(task, start);
    case TaskFamily::kPlace:
      return MakePlaceSkill(task, start);
    case TaskFamily::kStack:
      return MakeStackSkill(task, start);
    case TaskFamily::kUnstack:
      return MakeUnstackSkill(task, start);
  }
  return nullptr;
}

}  // namespace deerbench::expert
