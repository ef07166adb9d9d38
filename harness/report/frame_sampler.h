// Key frames of something whose length is not known while it runs.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/report/picture.h"

namespace deerbench {

struct KeyFrame {
  int step = 0;
  Picture picture;
};

// Takes every third picture at first and keeps at most 3 * count of them: whenever it is full, every second
// one is dropped and from then on half as many are taken. What it holds is evenly spaced at any time, and
// little is asked for: pictures may be work.
class FrameSampler {
 public:
  // Throws Error for a count below 2.
  explicit FrameSampler(int count);

  // Is a picture at `step` to be kept? Others need not be made.
  bool Wants(int step) const { return step % stride_ == 0; }
  // Steps ascend from 0; what is not wanted is dropped.
  void Add(int step, Picture picture);

  // `count` key frames (fewer if there were fewer pictures), the first and `last` among them, evenly chosen.
  std::vector<KeyFrame> Choose(KeyFrame last) const;

 private:
  size_t count_;
  int stride_ = 3;
  std::vector<KeyFrame> kept_;
};

}  // namespace deerbench
