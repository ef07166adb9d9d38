// Demonstration files as training reads them: every step's label, state and sentence choices in memory, steps
// numbered through.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/demo_file.h"
#include "datasets/frame_loader.h"
#include "harness/training/view_shift.h"

namespace deerbench {

// One demonstration's place among the frames of a DemoSet.
struct Episode {
  int file = 0, demo = 0;
  int64_t begin = 0;  // first frame
  int length = 0;     // frames
  TaskId task = 0;
  std::string sentence;  // what it was recorded with
  bool labelled = true;  // by the expert at every step
};

class DemoSet {
 public:
  // Each demonstration is seen moved by up to `view_shift_m` (view_shift.h).
  explicit DemoSet(double view_shift_m = 0) : view_shift_m_(view_shift_m) {}

  // Reads labels and states of all demonstrations of `path`; frames follow those already there.
  void Add(const std::filesystem::path& path);

  int64_t frames() const { return static_cast<int64_t>(robot_obs_.size()); }
  const std::vector<Episode>& episodes() const { return episodes_; }
  int files() const { return static_cast<int>(readers_.size()); }
  const std::shared_ptr<const DemoReader>& reader(int file) const { return readers_[file]; }
  int64_t first_frame(int file) const { return first_frame_[file]; }
  int64_t frames_of(int file) const {
    return (file + 1 < files() ? first_frame_[file + 1] : frames()) - first_frame_[file];
  }
  // The step of a frame of one file, counted from the file's first frame.
  FrameRef ref(int file, int64_t frame_of_file) const;

  double view_shift_m() const { return view_shift_m_; }
  // Of one demonstration of a file.
  Vec3 view_shift(int file, int demo) const {
    return ViewShiftOf(view_shift_m_, readers_[file]->demos()[demo]);
  }
  // Draws as the demonstrations are seen.
  FrameLoaderOptions LoaderOptions(int threads) const;

  // By frame: what the robot felt (as moved), the expert's action (pose -1 to 1, gripper -1 or 1), whether it
  // gave one.
  const std::array<float, 15>& robot_obs(int64_t frame) const { return robot_obs_[frame]; }
  const std::array<float, 7>& label(int64_t frame) const { return labels_[frame]; }
  bool has_label(int64_t frame) const { return has_label_[frame] != 0; }

  // Scenes that are named anywhere, ascending.
  std::vector<std::string> scenes() const;
  // SHA-256 over the files' digests.
  std::string Digest() const;

 private:
  double view_shift_m_;
  std::vector<std::shared_ptr<const DemoReader>> readers_;
  std::vector<int64_t> first_frame_;
  std::vector<Episode> episodes_;
  std::vector<std::array<float, 15>> robot_obs_;
  std::vector<std::array<float, 7>> labels_;
  std::vector<uint8_t> has_label_;
};

}  // namespace deerbench
