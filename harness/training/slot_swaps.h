// Which slots of the static camera a task does not need. Where button, drawer and switch stand tells a
// trained scene, and a policy that goes by that reaches for the slider where that scene has it: in a scene
// that mixes them it misses. So windows of training show, in slots that their task is not about, what other
// demonstrations saw there.
#pragma once

#include <vector>

#include "sim/tasks/task.h"

namespace deerbench {

// Slots by number (landmarks.h has the order of the first ones; those behind them look where they like) that
// are exchanged together. `slots`: of the static camera.
std::vector<std::vector<int>> SlotsBesides(TaskId task, int slots);

}  // namespace deerbench
