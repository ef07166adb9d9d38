// Kernels of the action head, and what an exit's criterion compares.
#pragma once

#include "agent/cuda/arguments.h"
#include "agent/cuda/kernels/rows.h"

namespace deerbench::cuda {

DEERBENCH_DEVICE float Sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// A thread for each unit.
struct LstmCell {
  static constexpr int kThreads = 128;
  struct Shared {};
  LstmCellArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      const int i = block.x() * kThreads + t;
      if (i >= a.hidden) return;
      const float* gate = a.gates + i;
      const float kept = Sigmoid(gate[a.hidden]) * a.c[i];
      const float cell = fmaf(Sigmoid(gate[0]), tanhf(gate[2 * a.hidden]), kept);
      a.next_c[i] = cell;
      a.next_h[i] = Sigmoid(gate[3 * a.hidden]) * tanhf(cell);
    });
  }
};

DEERBENCH_DEVICE float Turn(float ab, float aa, float bb) {
  return 1.0f - ab / (fmaxf(sqrtf(aa), 1e-5f) * fmaxf(sqrtf(bb), 1e-5f));
}

// How far two poses are apart, as agent/criteria/action_change.cc says it.
DEERBENCH_DEVICE float PoseDifference(ExitMeasure measure, const float* pose, const float* before) {
  float squares = 0, sum = 0, most = 0, ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < 6; ++i) {
    const float change = pose[i] - before[i];
    squares += change * change;
    sum += fabsf(change);
    most = fmaxf(most, fabsf(change));
    ab += pose[i] * before[i];
    aa += pose[i] * pose[i];
    bb += before[i] * before[i];
  }
  switch (measure) {
    case ExitMeasure::kPoseRootMeanSquare:
      return sqrtf(squares / 6);
    case ExitMeasure::kPoseMean:
      return sum / 6;
    case ExitMeasure::kPoseLargest:
      return most;
    case ExitMeasure::kPoseTurn:
      return Turn(ab, aa, bb);
    case ExitMeasure::kNone:
      break;
  }
  return 0;
}

// One block; seven warps have a number each.
struct PoseVerdict {
  static constexpr int kThreads = 224;
  struct Shared {
    float values[8];
  };
  PoseVerdictArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared& shared) const {
    typename Block::template Registers<float> sum;
    block.Each([&](int t) {
      const int output = t / 32;
      const float* x = output < 6 ? a.action_features : a.gripper_features;
      const void* w = output < 6 ? a.action_weights : a.gripper_weights;
      const size_t row = output < 6 ? static_cast<size_t>(output) * a.in_stride : 0;
      float s = 0;
      for (int i = t % 32; i < a.in; i += 32) s = fmaf(x[i], LoadNumber(w, a.type, row + i), s);
      sum[t] = s;
    });
    block.WarpSum([&](int t) -> float& { return sum[t]; });
    block.Sync();
    block.Phase([&](int t) {
      if (t % 32 != 0) return;
      const int output = t / 32;
      shared.values[output] =
          output < 6 ? tanhf(sum[t] + a.action_bias[output]) : Sigmoid(sum[t] + a.gripper_bias[0]);
    });
    block.Each([&](int t) {
      if (t != 0) return;
      a.verdict->difference = PoseDifference(a.measure, shared.values, a.pose_before);
      for (int i = 0; i < 6; ++i) {
        a.verdict->pose[i] = shared.values[i];
        a.pose_before[i] = shared.values[i];
      }
      a.verdict->gripper_probability = shared.values[6];
    });
  }
};

// One block.
struct FeatureVerdict {
  static constexpr int kThreads = 256;
  struct Shared {
    float sums[kThreads / 32];
  };
  struct Products {
    float ab, aa, bb;
  };
  FeatureVerdictArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared& shared) const {
    typename Block::template Registers<Products> sum;
    block.Each([&](int t) {
      for (int i = t; i < a.width; i += kThreads) {
        const float x = a.features[i], before = a.before[i];
        sum[t].ab = fmaf(x, before, sum[t].ab);
        sum[t].aa = fmaf(x, x, sum[t].aa);
        sum[t].bb = fmaf(before, before, sum[t].bb);
        a.before[i] = x;
      }
    });
    block.Sync();
    const float ab = BlockSum<kThreads>(
        block, [&](int t) -> float& { return sum[t].ab; }, shared.sums);
    const float aa = BlockSum<kThreads>(
        block, [&](int t) -> float& { return sum[t].aa; }, shared.sums);
    const float bb = BlockSum<kThreads>(
        block, [&](int t) -> float& { return sum[t].bb; }, shared.sums);
    block.Each([&](int t) {
      if (t == 0) a.verdict->difference = Turn(ab, aa, bb);
    });
  }
};

}  // namespace deerbench::cuda
