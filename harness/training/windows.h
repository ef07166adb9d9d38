// Draws batches of windows from demonstrations.
#pragma once

#include <array>
#include <vector>

#include "agent/training/cloning.h"
#include "base/random.h"
#include "harness/training/prompts.h"
#include "harness/training/token_store.h"

namespace deerbench {

class WindowSampler {
 public:
  // Keeps references: all must outlive it. `task_balance` 0: every frame counts alike; 1: every task.
  // `slot_swaps`: CloningRecipe's. `held_out`: draw from the demonstrations that training leaves alone (every
  // 40th) instead.
  WindowSampler(const DemoSet& data, const TokenStores& tokens, const Phrasings& phrasings,
                const AgentConfig& agent, double task_balance, double slot_swaps, bool held_out);

  bool empty() const { return total_ == 0; }

  // `count` windows, a function of `seed` alone, ordered by the length of their sentences and cut into chunks
  // of at most `chunk`.
  std::vector<WindowBatch> Draw(int count, int chunk, uint64_t seed) const;

 private:
  struct Window {
    const Episode* episode = nullptr;
    int start = 0;  // step
    const std::vector<int>* ids = nullptr;
    uint64_t swap_seed = 0;
  };
  const Episode& DrawEpisode(SplitMix64& random) const;
  int64_t FrameOf(const Episode& episode, int64_t step) const;  // its last one where it is over
  // Exchanges slots in the window's rows of joined tokens.
  void SwapSlots(const Window& window, at::Half* rows) const;
  WindowBatch Make(const Window* windows, int count) const;

  const DemoSet& data_;
  const TokenStores& tokens_;
  const Phrasings& phrasings_;
  const AgentConfig& agent_;
  std::vector<const Episode*> episodes_;
  std::vector<double> cumulative_;  // weight up to and with each episode
  double total_ = 0, slot_swaps_;
};

}  // namespace deerbench
