// Attention over media (Flamingo's, of resampler and gated cross-attention): queries from some rows, keys and
// values from others, all projections without bias.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "agent/fused/attention.h"
#include "agent/fused/linear.h"
#include "agent/fused/weights.h"

namespace deerbench::fused {

struct MediaAttentionSize {
  int width = 0, media_width = 0, heads = 1, head_dim = 8;
  int inner() const { return heads * head_dim; }
};

// Rows of at least inner() columns: for queries, keys and values, and what is seen.
struct MediaScratch {
  MediaScratch() = default;
  MediaScratch(const MediaAttentionSize& size, int queries, int keys)
      : q(queries, size.inner()), k(keys, size.inner()), v(keys, size.inner()), seen(queries, size.inner()) {}
  Matrix q, k, v, seen;
};

// Queries that are the same in every call, as are the first keys, which are the same rows: what does not have
// to be computed again.
struct FixedQueries {
  Matrix q;  // (queries, heads * media_width)
  Attended seen;

  size_t bytes() const { return q.bytes() + seen.most.bytes() + seen.sum.bytes() + seen.values.bytes(); }
};

// Where media are no wider than a head, products of projections are no larger than the projections: with
// M = Wq' Wk and N = Wo Wv of each head, scores are x M y' and what is added is softmax(scores) y N', so
// media y are keys and values themselves. That is done in single precision, and takes half the time or less;
// sums differ in the last bits.
class MediaAttention {
 public:
  MediaAttention() = default;
  // Reads `prefix`.to_q, .to_kv and .to_out.
  MediaAttention(const std::string& prefix, const MediaAttentionSize& size, WeightReader& weights);

  // What `queries` rows x, `stride` floats apart, see in the first `keys` rows of media: scratch.seen.
  void Look(const float* x, int stride, int queries, const Matrix& media, int keys, MediaScratch& scratch,
            Workers* workers) const;
  // Where folded(): prepares `rows` rows x that are queries and keys to every media alike, and looks with
  // them.
  FixedQueries Fix(const Matrix& x, int rows) const;
  void Look(const FixedQueries& fixed, const Matrix& media, int keys, MediaScratch& scratch,
            Workers* workers) const;
  bool folded() const { return folded_; }
  // After Look: what a query sees to which all keys are alike, as its row of scratch.seen.
  void SeeAllAlike(int row, const Matrix& media, int keys, MediaScratch& scratch) const;
  // x += scale * what is seen, projected.
  void Add(const MediaScratch& scratch, int rows, Matrix& x, float scale, Workers* workers) const;

  // Of the attention as the model defines it, folded or not.
  uint64_t macs(int queries, int keys) const;
  size_t bytes() const { return to_q_.bytes() + to_k_.bytes() + to_v_.bytes() + to_out_.bytes(); }

 private:
  void Fold(std::span<const float> q, std::span<const float> k, std::span<const float> v,
            std::span<const float> out, WeightReader& weights);
  AttentionShape Shape(int queries, int keys) const;
  int seen_width() const { return size_.heads * (folded_ ? size_.media_width : size_.head_dim); }

  MediaAttentionSize size_;
  bool folded_ = false;
  PackedWeights to_q_, to_k_, to_v_, to_out_;  // folded: M', -, -, N
};

}  // namespace deerbench::fused
