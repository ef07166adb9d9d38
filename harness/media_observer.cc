#include "harness/media_observer.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "harness/report/html.h"

namespace deerbench {
namespace {

Picture DrawView(Tabletop& tabletop, Camera camera, int side) {
  camera.width = camera.height = side;
  std::vector<uint8_t> rgb(static_cast<size_t>(side) * side * 3);
  tabletop.Render(camera, {.rgb = rgb.data()});
  return Picture(PictureView{side, side, rgb});
}

}  // namespace

MediaObserver::MediaObserver(std::filesystem::path run_folder, const EvalConfig& config,
                             std::array<std::string, kTaskCount> instructions)
    : run_folder_(std::move(run_folder)), config_(config), instructions_(std::move(instructions)) {}

void MediaObserver::BeginChain(Tabletop&, int index, const Chain& chain) {
  recorder_.reset();
  video_ = index < config_.video;
  if (!video_ && index >= kPicturedChains) return;
  RecordedChain recorded{
      .index = index,
      .title = fmt::format("{} · {} · chain {}", SplitText(config_.split.ToString()), config_.policy, index),
      .instructions = {}};
  for (const TaskId task : chain.tasks) recorded.instructions.push_back(instructions_.at(task));
  RecorderOptions options;
  options.video = video_;
  recorder_.emplace(run_folder_, std::move(recorded), options);
}

void MediaObserver::BeginSubtask(Tabletop& tabletop, int, TaskId, std::string_view) {
  if (!recorder_) return;
  recorder_->BeginSubtask();
  Draw(tabletop);
  recorder_->Add(static_view_.view(), gripper_view_.view());
}

void MediaObserver::AfterStep(Tabletop& tabletop, int, const StepRecord&) {
  if (!recorder_) return;
  if (!recorder_->WantsNext()) return recorder_->Skip();
  Draw(tabletop);
  recorder_->Add(static_view_.view(), gripper_view_.view());
}

void MediaObserver::EndSubtask(Tabletop& tabletop, const SubtaskRecord& record) {
  if (!recorder_) return;
  if (recorder_->skipped()) {
    Draw(tabletop);
    recorder_->AddSkipped(static_view_.view(), gripper_view_.view());
  }
  recorder_->EndSubtask(record.outcome == Outcome::kSuccess);
}

void MediaObserver::EndChain(Tabletop&, const ChainRecord&) {
  if (recorder_) recorder_->Finish();
  recorder_.reset();
}

void MediaObserver::Draw(Tabletop& tabletop) {
  // A video's are drawn as large as they are seen; a strip shows the policy's own.
  const SceneModel& model = *tabletop.scene().model;
  const Camera fixed = model.static_camera();
  const Camera moving = model.gripper_camera(tabletop.world().X_WGripperCamera());
  static_view_ = DrawView(tabletop, fixed, video_ ? VideoFrame::kStaticSize : fixed.width);
  gripper_view_ = DrawView(tabletop, moving, video_ ? VideoFrame::kGripperSize : moving.width);
}

}  // namespace deerbench
