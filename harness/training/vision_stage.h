// Stage `vision`: pre-trains the convolutional encoder on what the simulator knows of its pictures.
#pragma once

#include "harness/training/stage.h"

namespace deerbench {

// The finished encoder: tensors vision_encoder.* for an AgentModel.
inline constexpr const char* kVisionFile = "vision.safetensors";

// Goes on where it was stopped. Returns false if it was stopped again before the end.
bool TrainVision(StageContext& context, const DemoSet& data);

// True once an encoder is there, whatever recipe it came from.
bool VisionDone(const StageContext& context);

}  // namespace deerbench
