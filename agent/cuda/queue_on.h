// The kernels of a Queue, whichever machine `Machine::Launch(kernel, grid)` runs them on.
#pragma once

#include "agent/cuda/kernels/attention.h"
#include "agent/cuda/kernels/head.h"
#include "agent/cuda/kernels/linear.h"
#include "agent/cuda/kernels/pictures.h"
#include "agent/cuda/kernels/rows.h"
#include "agent/cuda/queue.h"

namespace deerbench::cuda {

static_assert(Attention::kMaxHeadDim == kMaxHeadDim && Slots::kMaxChannels == kMaxSlotChannels);

// Derived has Launch<Kernel>(kernel, x, y, z) and the members `workspace_` and `counters_`.
template <class Derived>
class QueueOn : public Queue {
 public:
  void Run(const LinearArgs& a) override {
    // 64 rows a block where there are many; 16 where each block would be mostly empty.
    const bool many = a.rows > 16;
    switch (a.type) {
      case Number::kFloat32:
        many ? Linear<LinearFloat<4>>(a) : Linear<LinearFloat<1>>(a);
        break;
      case Number::kBFloat16:
        many ? Linear<LinearHalf<Number::kBFloat16, 8, 64>>(a)
             : Linear<LinearHalf<Number::kBFloat16, 2, 256>>(a);
        break;
      case Number::kFloat16:
        many ? Linear<LinearHalf<Number::kFloat16, 8, 64>>(a)
             : Linear<LinearHalf<Number::kFloat16, 2, 256>>(a);
        break;
    }
  }
  void Run(const LayerNormArgs& a) override { Go(LayerNorm{a}, a.rows); }
  void Run(const AttentionArgs& a) override {
    Go(Attention{a}, Blocks(a.queries, Attention::kQueries), a.heads, a.batch);
  }
  void Run(const MaxPoolArgs& a) override { Go(MaxPool{a}, Blocks(a.width, MaxPool::kThreads)); }
  void Run(const LstmCellArgs& a) override { Go(LstmCell{a}, Blocks(a.hidden, LstmCell::kThreads)); }
  void Run(const PoseVerdictArgs& a) override { Go(PoseVerdict{a}, 1); }
  void Run(const FeatureVerdictArgs& a) override { Go(FeatureVerdict{a}, 1); }
  void Run(const ResizeRowsArgs& a) override { Many<ResizeRows>(a); }
  void Run(const ResizeColumnsArgs& a) override { Many<ResizeColumns>(a); }
  void Run(const AddPositionsArgs& a) override { Many<AddPositions>(a); }
  void Run(const HalveArgs& a) override { Many<Halve>(a); }
  void Run(const ConvolveArgs& a) override { Many<Convolve>(a); }
  void Run(const SlotsArgs& a) override { Go(Slots{a}, a.slots); }
  void Run(const StampArgs& a) override { Go(Stamp{a}, 1); }

 protected:
  // What LinearCut's workspace and counters need at most: only where outputs make too few blocks are inputs
  // split, and then there are at most kBlockTarget blocks.
  static constexpr size_t kWorkspaceFloats = size_t{kBlockTarget} * kTileOutputs * 64;
  static constexpr size_t kCounters = kBlockTarget;

 private:
  static int Blocks(int count, int each) { return (count + each - 1) / each; }
  template <class Kernel>
  void Go(const Kernel& kernel, int x, int y = 1, int z = 1) {
    static_cast<Derived*>(this)->Start(kernel, x, y, z);
  }
  template <class Kernel, class Args>
  void Many(const Args& a) {
    Go(Kernel{a}, Blocks(Kernel::count(a), Kernel::kThreads));
  }
  template <class Kernel>
  void Linear(const LinearArgs& a) {
    Kernel kernel{a, CutLinear(a, Kernel::kTokens, Kernel::kChunk)};
    kernel.cut.workspace = static_cast<Derived*>(this)->workspace_;
    kernel.cut.counters = static_cast<Derived*>(this)->counters_;
    Go(kernel, kernel.cut.tiles_x, Blocks(a.rows, Kernel::kTokens), kernel.cut.splits);
  }
};

}  // namespace deerbench::cuda
