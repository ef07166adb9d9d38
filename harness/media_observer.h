// Films chains for the report while they are evaluated: key frames of each subtask, and videos.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/chain_observer.h"
#include "harness/eval_config.h"
#include "harness/report/recorder.h"

namespace deerbench {

// Chains of a run that get a strip of key frames: as many as a report shows.
inline constexpr int kPicturedChains = 12;

// Give it to EpisodeOptions::observer for every chain of a run; it picks those that are shown: the first
// kPicturedChains, and the first EvalConfig::video with a video. Writes into the run folder's media/.
class MediaObserver final : public ChainObserver {
 public:
  // `instructions` by TaskId.
  MediaObserver(std::filesystem::path run_folder, const EvalConfig& config,
                std::array<std::string, kTaskCount> instructions);

  void BeginChain(Tabletop& tabletop, int index, const Chain& chain) override;
  void BeginSubtask(Tabletop& tabletop, int subtask, TaskId task, std::string_view instruction) override;
  void AfterStep(Tabletop& tabletop, int step, const StepRecord& record) override;
  void EndSubtask(Tabletop& tabletop, const SubtaskRecord& record) override;
  void EndChain(Tabletop& tabletop, const ChainRecord& record) override;

 private:
  void Draw(Tabletop& tabletop);

  std::filesystem::path run_folder_;
  EvalConfig config_;
  std::array<std::string, kTaskCount> instructions_;
  std::optional<EpisodeRecorder> recorder_;  // of the running chain, if it is one that is shown
  bool video_ = false;
  Picture static_view_, gripper_view_;
};

}  // namespace deerbench
