#include "harness/training/demo_set.h"

#include <algorithm>
#include <set>

#include "base/sha256.h"

namespace deerbench {

void DemoSet::Add(const std::filesystem::path& path) {
  const auto reader = std::make_shared<const DemoReader>(path);
  const int file = files();
  readers_.push_back(reader);
  first_frame_.push_back(frames());
  for (int demo = 0; demo < reader->size(); ++demo) {
    const DemoInfo& info = reader->demos()[demo];
    episodes_.push_back({.file = file,
                         .demo = demo,
                         .begin = frames(),
                         .length = info.length,
                         .task = info.task,
                         .sentence = info.sentence});
    const auto actions = reader->ReadActions(demo);
    const auto robot_obs = reader->ReadRobotObs(demo);
    const auto labelled = reader->ReadLabelled(demo);
    const Vec3 shift = view_shift(file, demo);
    for (int t = 0; t < info.length; ++t) {
      std::array<float, 15> obs;
      std::array<float, 7> label;
      const RobotObs felt = Moved(robot_obs[t], shift);
      std::copy(felt.begin(), felt.end(), obs.begin());
      std::copy(actions[t].begin(), actions[t].end(), label.begin());
      robot_obs_.push_back(obs);
      labels_.push_back(label);
      has_label_.push_back(labelled[t]);
      episodes_.back().labelled &= labelled[t] != 0;
    }
  }
}

FrameLoaderOptions DemoSet::LoaderOptions(int threads) const {
  FrameLoaderOptions options{.threads = threads};
  if (const double most_m = view_shift_m_; most_m > 0) {
    options.static_camera = [most_m](const Camera& camera, const DemoInfo& info) {
      return Shifted(camera, ViewShiftOf(most_m, info));
    };
  }
  return options;
}

FrameRef DemoSet::ref(int file, int64_t frame_of_file) const {
  const int64_t frame = first_frame_[file] + frame_of_file;
  const auto after = std::upper_bound(episodes_.begin(), episodes_.end(), frame,
                                      [](int64_t f, const Episode& episode) { return f < episode.begin; });
  const Episode& episode = *std::prev(after);
  return {episode.demo, static_cast<int>(frame - episode.begin)};
}

std::vector<std::string> DemoSet::scenes() const {
  std::set<std::string> names;
  for (const auto& reader : readers_)
    for (const DemoInfo& info : reader->demos()) names.insert(info.scene);
  return {names.begin(), names.end()};
}

std::string DemoSet::Digest() const {
  Sha256 sha;
  for (const auto& reader : readers_) sha.Update(reader->Digest());
  return sha.HexDigest();
}

}  // namespace deerbench
