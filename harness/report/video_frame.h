// What a frame of an evaluation's video shows: the static camera, and beside it the five sentences with their
// outcomes so far, the gripper's view and the step.
#pragma once

#include <string>
#include <vector>

#include "harness/report/picture.h"

namespace deerbench {

enum class SubtaskState { kPending, kRunning, kDone, kFailed };

class VideoFrame {
 public:
  static constexpr int kWidth = 832;
  static constexpr int kHeight = 480;
  static constexpr int kStaticSize = kHeight;  // pictures of this size are shown as they are
  static constexpr int kGripperSize = 168;

  // `title` is one line above the sentences.
  VideoFrame(std::string title, std::vector<std::string> instructions);

  void SetState(int subtask, SubtaskState state);

  // The frame of `step` of the running subtask (from 0). Valid until the next call.
  const Picture& Compose(const PictureView& static_view, const PictureView& gripper_view, int subtask,
                         int step);

 private:
  void DrawPanel();

  std::string title_;
  std::vector<std::string> instructions_;
  std::vector<SubtaskState> states_;
  Picture panel_;  // the frame without pictures and step; empty: to be drawn anew
  Picture frame_;
};

}  // namespace deerbench
