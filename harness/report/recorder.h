// Pictures of one evaluation chain: a strip of key frames, and on request a video.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/frame_sampler.h"
#include "harness/report/picture.h"
#include "harness/report/strip.h"
#include "harness/report/video_frame.h"
#include "harness/report/video_writer.h"

namespace deerbench {

struct RecorderOptions {
  int strip_frames = 6;  // a subtask; at least 2
  bool video = false;
  int fps = 30;         // of the video: the control rate shows it in real time
  double hold_s = 0.6;  // the video rests on the end of each subtask
};

struct RecordedChain {
  int index = 0;                          // names the files
  std::string title;                      // of the video, one line
  std::vector<std::string> instructions;  // of all its subtasks, attempted or not
};

// "media/chain_00012_strip.png" and "media/chain_00012.webm", relative to the run folder.
std::string StripFileName(int chain_index);
std::string VideoFileName(int chain_index);

// Call order: for each attempted subtask Begin, Add for the state before the first step and after each step,
// End; then Finish. Memory is bounded however long a subtask takes, but for the compressed video.
class EpisodeRecorder {
 public:
  // `run_folder` exists; its media folder is made by Finish. Throws Error for options that cannot be.
  EpisodeRecorder(std::filesystem::path run_folder, RecordedChain chain, const RecorderOptions& options = {});

  void BeginSubtask();
  // Both cameras, any size, square.
  void Add(const PictureView& static_view, const PictureView& gripper_view);
  // Drawing takes longer than stepping: where the next state's pictures are not wanted, Skip may take the
  // place of Add. If that state turns out to be the subtask's last, AddSkipped brings its pictures after all.
  bool WantsNext() const;
  void Skip();
  void AddSkipped(const PictureView& static_view, const PictureView& gripper_view);
  bool skipped() const { return skipped_; }  // the last state
  // Throws Error without pictures of the last state.
  void EndSubtask(bool success);

  // Writes the files, each whole or not at all. Without Finish nothing is left behind. Throws Error if a file
  // cannot be written or nothing was recorded.
  void Finish();

 private:
  void AddVideoFrame();

  std::filesystem::path run_folder_;
  RecordedChain chain_;
  RecorderOptions options_;
  std::vector<StripRow> rows_;
  std::optional<FrameSampler> sampler_;  // of the running subtask
  int step_ = -1;
  bool skipped_ = false;
  Picture static_view_, gripper_view_;  // last ones added
  VideoFrame frame_;
  std::unique_ptr<VideoWriter> video_;
};

}  // namespace deerbench
