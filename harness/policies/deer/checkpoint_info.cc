#include "harness/policies/deer/checkpoint_info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "agent/criteria/criterion.h"
#include "base/error.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

bool HoldsCheckpoint(const fs::path& folder) { return fs::exists(folder / "config.json"); }

std::vector<std::string> ShippedNames(const fs::path& models) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(models, none)) {
    if (HoldsCheckpoint(entry.path())) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string NameOfSplit(const Split& split) {
  std::string name = "nano-";
  for (const char letter : split.train) name += static_cast<char>(std::tolower(letter));
  return name;
}

}  // namespace

fs::path FindCheckpoint(const std::string& asked, const Split& split, const fs::path& models) {
  if (!asked.empty() && HoldsCheckpoint(asked)) return fs::canonical(asked);
  const std::string name = asked.empty() ? NameOfSplit(split) : asked;
  const bool is_name = name.find('/') == name.npos && name != "." && name != "..";
  if (is_name && !models.empty() && HoldsCheckpoint(models / name)) return fs::canonical(models / name);
  const std::vector<std::string> names = ShippedNames(models);
  const std::string known =
      names.empty() ? " (none is shipped)" : fmt::format(" or one of {}", fmt::join(names, ", "));
  if (asked.empty())
    Fail(fmt::format("checkpoint: none is shipped for {} ('{}'), expected a folder with config.json{}",
                     split.ToString(), name, known));
  Fail(fmt::format("checkpoint: '{}', expected a folder with config.json{}", asked, known));
}

void CheckTrainedIn(const CheckpointFolder& checkpoint, const Split& split) {
  const CheckpointMetadata& metadata = checkpoint.metadata;
  if (metadata.train_scenes == split.TrainScenes()) return;
  Fail(fmt::format("split: {}, expected {}->{}: checkpoint {} was trained in {}", split.ToString(),
                   fmt::join(metadata.train_scenes, ""), split.scene, metadata.name,
                   fmt::join(metadata.train_scenes, ", ")));
}

void CheckPictures(const CheckpointFolder& checkpoint, int static_size, int gripper_size) {
  const VisionConfig& vision = checkpoint.config.vision;
  if (vision.kind != VisionKind::kConv) return;  // resizes them
  const auto check = [&](const char* name, const ConvCameraConfig& camera, int size) {
    if (camera.picture_size() == size) return;
    Fail(fmt::format(
        "checkpoint: {} takes {} pictures of {} x {} pixels (twice vision.{}.input_size), expected "
        "{} x {} as the camera draws them",
        checkpoint.path.string(), name, camera.picture_size(), camera.picture_size(), name, size, size));
  };
  check("static", vision.static_camera, static_size);
  check("gripper", vision.gripper_camera, gripper_size);
}

fs::path ThresholdsPath(const CheckpointFolder& checkpoint) { return checkpoint.path / "thresholds.json"; }

fs::path CalibrationPath(const CheckpointFolder& checkpoint, const std::string& criterion) {
  if (criterion == kDefaultCriterion) return checkpoint.path / "calibration.json";
  return checkpoint.path / fmt::format("calibration-{}.json", criterion);
}

fs::path OnlineThresholdsPath(const CheckpointFolder& checkpoint) {
  return checkpoint.path / "thresholds-online.json";
}

}  // namespace deerbench
