// A checkpoint from outside: where it lies, whether it belongs to a split, what is kept beside its weights.
#pragma once

#include <filesystem>
#include <string>

#include "agent/checkpoint_folder.h"
#include "harness/eval_config.h"

namespace deerbench {

// The folder of a checkpoint: `asked` if that is one, else the one of that name in `models`, else, with
// nothing asked, the shipped one of the split ("nano-abc" for ABC->D). Throws Error listing the names there
// are.
std::filesystem::path FindCheckpoint(const std::string& asked, const Split& split,
                                     const std::filesystem::path& models);

// Throws Error unless the checkpoint was trained in the split's training scenes.
void CheckTrainedIn(const CheckpointFolder& checkpoint, const Split& split);

// Throws Error unless the agent takes square pictures of so many pixels a side, as the cameras draw them.
void CheckPictures(const CheckpointFolder& checkpoint, int static_size, int gripper_size);

// What `calibrate` may leave there: thresholds to use by default, and differences to solve others from.
std::filesystem::path ThresholdsPath(const CheckpointFolder& checkpoint);
std::filesystem::path CalibrationPath(const CheckpointFolder& checkpoint, const std::string& criterion);
// Of `deerbench.tune`, copied there.
std::filesystem::path OnlineThresholdsPath(const CheckpointFolder& checkpoint);

}  // namespace deerbench
