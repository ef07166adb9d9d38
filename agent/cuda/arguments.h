// What each kernel is told: plain pointers into the device's memory and sizes. Activations are single
// precision; rows are `..._stride` numbers apart.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "agent/cuda/numbers.h"

namespace deerbench::cuda {

enum class Activation { kNone, kRelu, kGelu, kQuickGelu };

// y_i = residual_i + scale * activation(x_i W' + b), y_i without residual. Strides are multiples of 8; the
// columns of x from `in` to `in_stride` must be finite, those of W are zeros.
struct LinearArgs {
  const float* x = nullptr;
  int x_stride = 0, rows = 0;
  const void* weights = nullptr;  // (out, in_stride), row by row
  Number type = Number::kFloat32;
  int out = 0, in_stride = 0;
  const float* bias = nullptr;  // (out) or none
  float* y = nullptr;
  int y_stride = 0;
  Activation activation = Activation::kNone;
  const float* residual = nullptr;  // rows as y's; may be y itself
  float scale = 1;
};

// Row r of group g = r / group, r' = r % group: y[g * y_group + r'] from x[g * x_group + r'].
struct LayerNormArgs {
  const float* x = nullptr;
  int x_stride = 0, rows = 0, width = 0;
  const float* weight = nullptr;
  const float* bias = nullptr;  // or none
  float eps = 0;
  float* y = nullptr;  // may be x where the groups are the same
  int y_stride = 0;
  bool relu = false;
  int group = 1 << 30, x_group = 0, y_group = 0;
};

// Heads lie side by side in the columns. One softmax attention for each of `batch` items, whose operands lie
// `..._batch` numbers apart.
struct AttentionArgs {
  int batch = 1, heads = 1, head_dim = 0, queries = 0, keys = 0;
  const float* q = nullptr;
  int q_stride = 0, q_batch = 0;
  const float* k = nullptr;
  const float* v = nullptr;  // strides as k's
  int k_stride = 0, k_batch = 0;
  float* out = nullptr;
  int out_stride = 0, out_batch = 0;
  float scale = 1;
  bool causal = false;
  const float* bias = nullptr;  // (heads, keys) or none
  // (queries) or none: how many media a token has behind it. 1 sees the keys, 0 gets zeros, more see all keys
  // alike (DeeR's cross-attention with one medium).
  const int* media_seen = nullptr;
};

struct MaxPoolArgs {
  const float* x = nullptr;
  int x_stride = 0, rows = 0, width = 0;
  float* y = nullptr;  // (width)
};

// gates (4 H): i, f, g, o before their functions.
struct LstmCellArgs {
  const float* gates = nullptr;
  const float* c = nullptr;  // (H)
  int hidden = 0;
  float* next_h = nullptr;
  float* next_c = nullptr;
};

// What an exit's criterion compares, where the device can.
enum class ExitMeasure { kNone, kPoseRootMeanSquare, kPoseMean, kPoseLargest, kPoseTurn };

// Read by the host, so it lies in memory that both see.
struct ExitVerdict {
  float pose[6];
  float gripper_probability;
  float difference;       // of pose or features from what stood here before
  uint64_t stamps_ns[4];  // start, layers' start, layers' end, head's end of one segment
};

// The last layers of the head's two networks, their functions and the criterion.
struct PoseVerdictArgs {
  const float* action_features = nullptr;   // (in)
  const float* gripper_features = nullptr;  // (in)
  int in = 0;
  const void* action_weights = nullptr;   // (6, in_stride)
  const void* gripper_weights = nullptr;  // (1, in_stride)
  Number type = Number::kFloat32;
  int in_stride = 0;
  const float* action_bias = nullptr;
  const float* gripper_bias = nullptr;
  ExitMeasure measure = ExitMeasure::kNone;
  float* pose_before = nullptr;  // (6), replaced by this pose
  ExitVerdict* verdict = nullptr;
};

// 1 - cosine between features and those before, which they replace.
struct FeatureVerdictArgs {
  const float* features = nullptr;  // (width)
  float* before = nullptr;          // (width)
  int width = 0;
  ExitVerdict* verdict = nullptr;
};

// One pass of Pillow's resize: for each of `out` places the inputs from first[i] on, weights (out, taps).
struct Taps {
  const int* first = nullptr;
  const int* count = nullptr;
  const int* weights = nullptr;
  int taps = 0;
};

// (height, width, 3) bytes -> (height, out_width, 3) bytes.
struct ResizeRowsArgs {
  const uint8_t* rgb = nullptr;
  int height = 0, width = 0, out_width = 0;
  Taps taps;
  uint8_t* out = nullptr;
};

// (height, width, 3) bytes -> columns resized, the `size` x `size` places from (top, left) on normalised and
// cut into patches: (patches, 3 patch_size^2), channel by channel.
struct ResizeColumnsArgs {
  const uint8_t* rgb = nullptr;
  int width = 0;
  Taps taps;
  int size = 0, top = 0, left = 0, patch_size = 0;
  float mean[3] = {}, deviation[3] = {};
  float* out = nullptr;
  int out_stride = 0;
};

// Vision transformer's input: row 0 of each picture is `first`, row 1 + p is embedded p plus its position.
struct AddPositionsArgs {
  const float* embedded = nullptr;                       // (pictures patches, width)
  const float* first = nullptr;                          // (width)
  const float* positions = nullptr;                      // (patches, width)
  int pictures = 0, patches = 0, width = 0, stride = 0;  // stride of all
  float* x = nullptr;                                    // (pictures (patches + 1), width)
};

// Mean of each 2 x 2 block of (2 size, 2 size, 3) bytes; `scale` is for the block's sum.
struct HalveArgs {
  const uint8_t* rgb = nullptr;
  int size = 0;
  float scale = 0, offset = 0;
  float* out = nullptr;  // (size, size, 3)
};

// Zero padding of kernel / 2, bias, ReLU; channels last.
struct ConvolveArgs {
  const float* x = nullptr;  // (size, size, in)
  int size = 0, in = 0, out = 0, kernel = 0, stride = 0, out_size = 0;
  const float* weights = nullptr;  // (kernel, kernel, in, out)
  const float* bias = nullptr;
  float* y = nullptr;  // (out_size, out_size, out)
};

// Attention slots (agent/conv_encoder.h).
struct SlotsArgs {
  const float* features = nullptr;  // (size, size, channels)
  int size = 0, channels = 0, slots = 0, width = 0;
  const float* attention = nullptr;  // (slots, channels)
  const float* bias = nullptr;       // (slots)
  const float* maps = nullptr;       // (slots, channels + 2, width)
  const float* map_bias = nullptr;   // (slots, width)
  float* scores = nullptr;           // (slots, size^2), scratch
  float* tokens = nullptr;           // (slots, width)
  int tokens_stride = 0;
};

struct StampArgs {
  uint64_t* to = nullptr;
};

}  // namespace deerbench::cuda
