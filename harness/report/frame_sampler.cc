#include "harness/report/frame_sampler.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "base/error.h"

namespace deerbench {

FrameSampler::FrameSampler(int count) : count_(static_cast<size_t>(count)) {
  if (count < 2) Fail(fmt::format("key frames: {}: expected at least 2", count));
}

void FrameSampler::Add(int step, Picture picture) {
  if (!Wants(step)) return;
  kept_.push_back({step, std::move(picture)});
  if (kept_.size() <= 3 * count_) return;
  stride_ *= 2;
  size_t left = 0;
  for (KeyFrame& frame : kept_) {
    if (Wants(frame.step)) std::swap(kept_[left++], frame);
  }
  kept_.resize(left);
}

std::vector<KeyFrame> FrameSampler::Choose(KeyFrame last) const {
  std::vector<KeyFrame> chosen;
  for (size_t i = 0; i + 1 < count_; ++i) {
    // The picture nearest to the i-th of `count` evenly spaced steps.
    const double target =
        static_cast<double>(last.step) * static_cast<double>(i) / static_cast<double>(count_ - 1);
    const KeyFrame* best = nullptr;
    for (const KeyFrame& frame : kept_) {
      if (frame.step >= last.step) break;
      if (!best || std::abs(frame.step - target) < std::abs(best->step - target)) best = &frame;
    }
    if (best && (chosen.empty() || best->step > chosen.back().step)) chosen.push_back(*best);
  }
  chosen.push_back(std::move(last));
  return chosen;
}

}  // namespace deerbench
