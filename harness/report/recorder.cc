#include "harness/report/recorder.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/png.h"

namespace deerbench {

std::string StripFileName(int chain_index) { return fmt::format("media/chain_{:05}_strip.png", chain_index); }
std::string VideoFileName(int chain_index) { return fmt::format("media/chain_{:05}.webm", chain_index); }

EpisodeRecorder::EpisodeRecorder(std::filesystem::path run_folder, RecordedChain chain,
                                 const RecorderOptions& options)
    : run_folder_(std::move(run_folder)),
      chain_(std::move(chain)),
      options_(options),
      frame_(chain_.title, chain_.instructions) {
  if (options.strip_frames < 2)
    Fail(fmt::format("strip_frames: {}: expected at least 2", options.strip_frames));
  if (options.video) {
    video_ = std::make_unique<VideoWriter>(run_folder_ / VideoFileName(chain_.index), VideoFrame::kWidth,
                                           VideoFrame::kHeight, options.fps);
  }
}

void EpisodeRecorder::BeginSubtask() {
  const size_t next = rows_.size();
  Require(!sampler_, "recorder: a subtask begins within another: expected EndSubtask first");
  if (next >= chain_.instructions.size()) {
    Fail(fmt::format("recorder: subtask {}: expected at most {}", next + 1, chain_.instructions.size()));
  }
  sampler_.emplace(options_.strip_frames);
  step_ = -1;
  frame_.SetState(static_cast<int>(next), SubtaskState::kRunning);
}

void EpisodeRecorder::Add(const PictureView& static_view, const PictureView& gripper_view) {
  Require(sampler_.has_value(), "recorder: a picture outside a subtask: expected BeginSubtask first");
  ++step_;
  skipped_ = false;
  static_view_ = Picture(static_view);
  gripper_view_ = Picture(gripper_view);
  if (sampler_->Wants(step_)) sampler_->Add(step_, MakeStripCell(static_view, gripper_view));
  AddVideoFrame();
}

bool EpisodeRecorder::WantsNext() const { return video_ || (sampler_ && sampler_->Wants(step_ + 1)); }

void EpisodeRecorder::Skip() {
  Require(sampler_.has_value() && !WantsNext(), "recorder: a wanted picture is skipped: expected Add");
  ++step_;
  skipped_ = true;
}

void EpisodeRecorder::AddSkipped(const PictureView& static_view, const PictureView& gripper_view) {
  Require(skipped_, "recorder: no state was skipped: expected Add");
  static_view_ = Picture(static_view);
  gripper_view_ = Picture(gripper_view);
  skipped_ = false;
}

void EpisodeRecorder::EndSubtask(bool success) {
  Require(step_ >= 0 && !skipped_,
          "recorder: a subtask ends without a picture of its last state: expected one");
  const int number = static_cast<int>(rows_.size());
  KeyFrame last{step_, MakeStripCell(static_view_.view(), gripper_view_.view())};
  rows_.push_back(
      {number + 1, chain_.instructions[rows_.size()], success, step_, sampler_->Choose(std::move(last))});
  frame_.SetState(number, success ? SubtaskState::kDone : SubtaskState::kFailed);
  const long holds = std::lround(options_.hold_s * options_.fps);
  if (video_) {
    const Picture& frame = frame_.Compose(static_view_.view(), gripper_view_.view(), number, step_);
    for (long i = 0; i < holds; ++i) video_->Add(frame.rgb());
  }
  sampler_.reset();
  step_ = -1;
}

void EpisodeRecorder::Finish() {
  const Picture strip = MakeStrip(rows_, options_.strip_frames);
  std::error_code error;
  std::filesystem::create_directories(run_folder_ / "media", error);
  if (error) Fail(fmt::format("{}: cannot be made: {}", (run_folder_ / "media").string(), error.message()));
  const std::vector<uint8_t> png = EncodePng(strip.width(), strip.height(), 3, strip.rgb());
  WriteFileAtomically(run_folder_ / StripFileName(chain_.index),
                      {reinterpret_cast<const char*>(png.data()), png.size()});
  if (video_) video_->Finish();
}

void EpisodeRecorder::AddVideoFrame() {
  if (!video_) return;
  const int subtask = static_cast<int>(rows_.size());
  video_->Add(frame_.Compose(static_view_.view(), gripper_view_.view(), subtask, step_).rgb());
}

}  // namespace deerbench
