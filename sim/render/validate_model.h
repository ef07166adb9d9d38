// Checks of a visual model before anything indexes into it.
#pragma once

#include "sim/scene/visual_model.h"

namespace deerbench::render {

// Throws Error naming mesh, instance, texture or material, the value and what was expected.
void ValidateModel(const VisualModel& model);

}  // namespace deerbench::render
