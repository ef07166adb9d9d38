#include "harness/training/windows.h"

#include <algorithm>
#include <cmath>

#include "harness/training/slot_swaps.h"

namespace deerbench {
namespace {

constexpr int kHeldOutEvery = 40;  // episodes of a file

}  // namespace

WindowSampler::WindowSampler(const DemoSet& data, const TokenStores& tokens, const Phrasings& phrasings,
                             const AgentConfig& agent, double task_balance, double slot_swaps, bool held_out)
    : data_(data), tokens_(tokens), phrasings_(phrasings), agent_(agent), slot_swaps_(slot_swaps) {
  std::array<double, kTaskCount> frames{};
  for (const Episode& episode : data.episodes()) {
    if ((episode.demo % kHeldOutEvery == kHeldOutEvery - 1) != held_out || episode.length == 0) continue;
    episodes_.push_back(&episode);
    frames[episode.task] += episode.length;
  }
  for (const Episode* episode : episodes_) {
    total_ += episode->length * std::pow(frames[episode->task], -task_balance);
    cumulative_.push_back(total_);
  }
}

const Episode& WindowSampler::DrawEpisode(SplitMix64& random) const {
  const double at = random.Uniform() * total_;
  const size_t i = std::upper_bound(cumulative_.begin(), cumulative_.end(), at) - cumulative_.begin();
  return *episodes_[std::min(i, episodes_.size() - 1)];
}

int64_t WindowSampler::FrameOf(const Episode& episode, int64_t step) const {
  return episode.begin + std::min<int64_t>(step, episode.length - 1);
}

void WindowSampler::SwapSlots(const Window& window, at::Half* rows) const {
  SplitMix64 random(window.swap_seed);
  const int64_t numbers = tokens_.front()->numbers(), width = agent_.vision.width;
  std::vector<at::Half> other(numbers);
  for (const std::vector<int>& group :
       SlotsBesides(window.episode->task, agent_.vision.static_camera.slots)) {
    if (random.Uniform() >= slot_swaps_) continue;
    const Episode& episode = DrawEpisode(random);
    const auto start = static_cast<int64_t>(random.Below(episode.length));
    for (int64_t k = 0; k < agent_.window; ++k) {
      tokens_[episode.file]->Read(FrameOf(episode, start + k) - data_.first_frame(episode.file),
                                  other.data());
      for (const int slot : group)
        std::copy_n(other.begin() + slot * width, width, rows + k * numbers + slot * width);
    }
  }
}

std::vector<WindowBatch> WindowSampler::Draw(int count, int chunk, uint64_t seed) const {
  SplitMix64 random(seed);
  std::vector<Window> windows(count);
  const int w = agent_.window;
  for (Window& window : windows) {
    window.episode = &DrawEpisode(random);
    // The first and the last steps would hardly ever be seen if every start were as likely: half a window
    // more at both ends falls to them.
    const int last = std::max(0, window.episode->length - w);
    window.start = std::clamp(static_cast<int>(random.Below(last + w)) - w / 2, 0, last);
    const auto& choices = phrasings_[window.episode->task];
    window.ids = &choices[random.Below(choices.size())];
    if (slot_swaps_ > 0) window.swap_seed = random.Next();
  }
  std::stable_sort(windows.begin(), windows.end(),
                   [](const Window& a, const Window& b) { return a.ids->size() < b.ids->size(); });
  std::vector<WindowBatch> batches;
  for (int i = 0; i < count; i += chunk) batches.push_back(Make(&windows[i], std::min(chunk, count - i)));
  return batches;
}

WindowBatch WindowSampler::Make(const Window* windows, int count) const {
  const int64_t b = count, w = agent_.window, numbers = tokens_.front()->numbers();
  int64_t t = 0;
  for (int i = 0; i < count; ++i) t = std::max(t, static_cast<int64_t>(windows[i].ids->size()));
  torch::Tensor tokens = torch::empty({b * w, numbers}, torch::kFloat16);
  WindowBatch batch;
  batch.robot_obs = torch::empty({b * w, 15});
  batch.ids = torch::full({b, t}, agent_.language.pad_token, torch::kInt64);
  batch.mask = torch::zeros({b, t}, torch::kInt64);
  batch.labels = {torch::empty({b, w, 6}), torch::empty({b, w}), torch::empty({b, w}), {}};
  for (int64_t i = 0; i < b; ++i) {
    const Window& window = windows[i];
    const Episode& episode = *window.episode;
    std::copy(window.ids->begin(), window.ids->end(), batch.ids.data_ptr<int64_t>() + i * t);
    batch.mask[i].slice(0, 0, static_cast<int64_t>(window.ids->size())).fill_(1);
    for (int64_t k = 0; k < w; ++k) {
      const int64_t row = i * w + k, step = window.start + k;
      const bool beyond = step >= episode.length;  // a short demonstration: its last step again, not counted
      const int64_t frame = FrameOf(episode, step);
      tokens_[episode.file]->Read(frame - data_.first_frame(episode.file),
                                  tokens.data_ptr<at::Half>() + row * numbers);
      const auto& obs = data_.robot_obs(frame);
      std::copy(obs.begin(), obs.end(), batch.robot_obs.data_ptr<float>() + row * 15);
      const auto& label = data_.label(frame);
      std::copy_n(label.begin(), 6, batch.labels.pose.data_ptr<float>() + row * 6);
      batch.labels.gripper.data_ptr<float>()[row] = label[6] > 0 ? 1.0f : 0.0f;
      batch.labels.weight.data_ptr<float>()[row] = !beyond && data_.has_label(frame) ? 1.0f : 0.0f;
    }
    if (slot_swaps_ > 0) SwapSlots(window, tokens.data_ptr<at::Half>() + i * w * numbers);
  }
  batch.tokens = SplitTokens(tokens.to(torch::kFloat32), agent_);
  return batch;
}

}  // namespace deerbench
