#include "agent/fused/media_attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace deerbench::fused {

MediaAttention::MediaAttention(const std::string& prefix, const MediaAttentionSize& size,
                               WeightReader& weights)
    : size_(size), folded_(size.media_width <= size.head_dim && weights.type() == WeightType::kFloat32) {
  const int inner = size.inner();
  const std::vector<float> q = weights.Read(prefix + ".to_q.weight", {inner, size.width});
  const std::vector<float> kv = weights.Read(prefix + ".to_kv.weight", {2 * inner, size.media_width});
  const std::vector<float> out = weights.Read(prefix + ".to_out.weight", {size.width, inner});
  const std::span k = std::span(kv).first(kv.size() / 2), v = std::span(kv).last(kv.size() / 2);
  if (folded_) {
    Fold(q, k, v, out, weights);
    return;
  }
  to_q_ = weights.Pack(q, inner, size.width);
  to_k_ = weights.Pack(k, inner, size.media_width);
  to_v_ = weights.Pack(v, inner, size.media_width);
  to_out_ = weights.Pack(out, size.width, inner);
}

void MediaAttention::Fold(std::span<const float> q, std::span<const float> k, std::span<const float> v,
                          std::span<const float> out, WeightReader& weights) {
  const int width = size_.width, media = size_.media_width, dim = size_.head_dim, seen = seen_width();
  std::vector<float> scores(static_cast<size_t>(seen) * width), added(scores.size());
  std::vector<double> of_query(width), of_value(width);
  for (int column = 0; column < seen; ++column) {  // of head `column` / media
    const int first = column / media * dim, j = column % media;
    std::ranges::fill(of_query, 0.0);
    std::ranges::fill(of_value, 0.0);
    for (int d = first; d < first + dim; ++d) {
      const double key = k[static_cast<size_t>(d) * media + j], value = v[static_cast<size_t>(d) * media + j];
      for (int i = 0; i < width; ++i) {
        of_query[i] += key * q[static_cast<size_t>(d) * width + i];
        of_value[i] += value * out[static_cast<size_t>(i) * size_.inner() + d];
      }
    }
    for (int i = 0; i < width; ++i) {
      scores[static_cast<size_t>(column) * width + i] = static_cast<float>(of_query[i]);
      added[static_cast<size_t>(i) * seen + column] = static_cast<float>(of_value[i]);
    }
  }
  to_q_ = weights.Pack(scores, seen, width);
  to_out_ = weights.Pack(added, width, seen);
}

void MediaAttention::Look(const float* x, int stride, int queries, const Matrix& media, int keys,
                          MediaScratch& s, Workers* workers) const {
  Multiply(x, stride, queries, to_q_, s.q.row(0), s.q.stride(), {}, workers);
  if (!folded_) {
    Multiply(media, keys, to_k_, s.k, {}, workers);
    Multiply(media, keys, to_v_, s.v, {}, workers);
  }
  const Matrix &k = folded_ ? media : s.k, &v = folded_ ? media : s.v;
  Attend(Shape(queries, keys), s.q.row(0), s.q.stride(), k.row(0), k.stride(), v.row(0), v.stride(),
         s.seen.row(0), s.seen.stride(), workers);
}

FixedQueries MediaAttention::Fix(const Matrix& x, int rows) const {
  const int dim = size_.media_width;
  FixedQueries fixed{Matrix(rows, seen_width()), Attended(rows, size_.heads, dim)};
  Multiply(x, rows, to_q_, fixed.q);
  std::vector<double> scores(rows);
  for (int row = 0; row < rows; ++row) {
    for (int head = 0; head < size_.heads; ++head) {
      const float* q = fixed.q.row(row) + static_cast<ptrdiff_t>(head) * dim;
      for (int key = 0; key < rows; ++key)
        scores[key] = std::inner_product(q, q + dim, x.row(key), 0.0) * Shape(rows, rows).scale;
      const double most = std::ranges::max(scores);
      double sum = 0;
      std::vector<double> values(dim);
      for (int key = 0; key < rows; ++key) {
        const double weight = std::exp(scores[key] - most);
        sum += weight;
        for (int column = 0; column < dim; ++column) values[column] += weight * x.row(key)[column];
      }
      fixed.seen.most.row(row)[head] = static_cast<float>(most);
      fixed.seen.sum.row(row)[head] = static_cast<float>(sum);
      for (int column = 0; column < dim; ++column)
        fixed.seen.values.row(row)[head * dim + column] = static_cast<float>(values[column]);
    }
  }
  return fixed;
}

void MediaAttention::Look(const FixedQueries& fixed, const Matrix& media, int keys, MediaScratch& s,
                          Workers* workers) const {
  AttentionShape shape = Shape(fixed.q.rows(), keys);
  shape.before = &fixed.seen;
  Attend(shape, fixed.q.row(0), fixed.q.stride(), media.row(0), media.stride(), media.row(0), media.stride(),
         s.seen.row(0), s.seen.stride(), workers);
}

AttentionShape MediaAttention::Shape(int queries, int keys) const {
  return {.heads = size_.heads,
          .head_dim = folded_ ? size_.media_width : size_.head_dim,
          .queries = queries,
          .keys = keys,
          .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(size_.head_dim))),
          .shared_keys = folded_};
}

void MediaAttention::SeeAllAlike(int row, const Matrix& media, int keys, MediaScratch& s) const {
  const Matrix& v = folded_ ? media : s.v;
  const int columns = folded_ ? size_.media_width : seen_width();
  float* seen = s.seen.row(row);
  std::fill_n(seen, columns, 0.0f);
  for (int j = 0; j < keys; ++j) {
    for (int column = 0; column < columns; ++column) seen[column] += v.row(j)[column];
  }
  for (int column = 0; column < columns; ++column) seen[column] /= static_cast<float>(keys);
  for (int begin = columns; begin < seen_width(); begin += columns) std::copy_n(seen, columns, seen + begin);
}

void MediaAttention::Add(const MediaScratch& s, int rows, Matrix& x, float scale, Workers* workers) const {
  Multiply(s.seen, rows, to_out_, x, {.residual = x.row(0), .scale = scale}, workers);
}

uint64_t MediaAttention::macs(int queries, int keys) const {
  const uint64_t q = queries, k = keys, inner = size_.inner();
  return 2 * inner * (q * size_.width + k * size_.media_width + q * k);
}

}  // namespace deerbench::fused
