#include "sim/physics/svd6.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace deerbench {
namespace {

constexpr size_t kSize = 6;
constexpr double kSmallestShare = 0.01;
constexpr double kTolerance = 1e-15;  // of the largest entry: taken for zero

using Vector6 = std::array<double, kSize>;

double MaxAbs(const double* values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(values[i]));
  return largest;
}

// Reflects v[first..] onto its first axis: v becomes the unit normal of the mirror; returns the image's
// length with its sign.
double Reflect(Vector6& v, size_t first) {
  double norm = 0;
  for (size_t i = first; i < kSize; ++i) norm += v[i] * v[i];
  norm = std::sqrt(norm);
  const double image = v[first] < 0 ? norm : -norm;
  const double squared = v[first] < 0 ? 2.0 * norm * (norm - v[first]) : 2.0 * norm * (norm + v[first]);
  norm = std::sqrt(squared);
  if (norm == 0) {
    for (size_t i = first; i < kSize; ++i) v[i] = 0;
    return 0;
  }
  v[first] -= image;
  const double inverse = 1.0 / norm;
  for (size_t i = first; i < kSize; ++i) v[i] *= inverse;
  return image;
}

struct Bidiagonal {
  Vector6 diagonal{};
  std::array<double, kSize - 1> above{};
  std::array<Vector6, kSize - 1> left{};   // normals of the mirrors applied from the left, [k][k..]
  std::array<Vector6, kSize - 2> right{};  // from the right, [k][k+1..]
};

Bidiagonal Bidiagonalise(Matrix6 m) {
  Bidiagonal b;
  for (size_t k = 0; k + 1 < kSize; ++k) {
    Vector6& column = b.left[k] = m[k];
    b.diagonal[k] = Reflect(column, k);
    for (size_t c = k + 1; c < kSize; ++c) {
      double dot = 0;
      for (size_t r = k; r < kSize; ++r) dot += column[r] * m[c][r];
      const double scale = -2.0 * dot;
      for (size_t r = k; r < kSize; ++r) m[c][r] += column[r] * scale;
    }
    if (k + 2 == kSize) break;
    Vector6& row = b.right[k];
    for (size_t c = k + 1; c < kSize; ++c) row[c] = m[c][k];
    b.above[k] = Reflect(row, k + 1);
    Vector6 dots{};
    for (size_t c = k + 1; c < kSize; ++c)
      for (size_t r = k + 1; r < kSize; ++r) dots[r] += row[c] * m[c][r];
    for (size_t c = k + 1; c < kSize; ++c)
      for (size_t r = k + 1; r < kSize; ++r) m[c][r] += row[c] * (-2.0 * dots[r]);
  }
  b.above[kSize - 2] = m[kSize - 1][kSize - 2];
  b.diagonal[kSize - 1] = m[kSize - 1][kSize - 1];
  return b;
}

// Product of the mirrors; the first one's normal begins at `first`, each later one's at one more.
template <size_t kCount>
Matrix6 ExpandMirrors(const std::array<Vector6, kCount>& mirrors, size_t first) {
  Matrix6 m{};
  for (size_t i = 0; i < first; ++i) m[i][i] = 1;
  size_t start = first + kCount - 1;
  const Vector6& last = mirrors[kCount - 1];
  for (size_t c = start; c < kSize; ++c) {
    const double scale = -2.0 * last[c];
    for (size_t r = start; r < kSize; ++r) m[c][r] = last[r] * scale;
    m[c][c] += 1.0;
  }
  for (size_t k = kCount - 1; k-- > 0;) {
    --start;
    const Vector6& h = mirrors[k];
    for (size_t c = start + 1; c < kSize; ++c) {
      double dot = 0;
      for (size_t r = start + 1; r < kSize; ++r) dot += h[r] * m[c][r];
      const double scale = -2.0 * dot;
      m[c][start] = scale * h[start];
      for (size_t r = start + 1; r < kSize; ++r) m[c][r] += h[r] * scale;
    }
    const double scale = -2.0 * h[start];
    for (size_t r = start; r < kSize; ++r) m[start][r] = h[r] * scale;
    m[start][start] += 1.0;
  }
  return m;
}

struct Rotation {
  double c, s;
};

// The rotation that turns (a, b) onto the first axis.
Rotation RotationFor(double a, double b) {
  const double length = std::sqrt(a * a + b * b);
  if (length == 0) return {1, 0};
  const double inverse = 1.0 / length;
  return {a * inverse, -b * inverse};
}

void Rotate(const Rotation& r, double& a, double& b) {
  const double before = a;
  a = r.c * a - r.s * b;
  b = r.s * before + r.c * b;
}

// The same for columns k and k + 1, the other way round.
void RotateColumns(const Rotation& r, Matrix6& m, size_t k) {
  const double s = -r.s;
  for (size_t i = 0; i < kSize; ++i) {
    const double before = m[k][i];
    m[k][i] = before * r.c + m[k + 1][i] * s;
    m[k + 1][i] = m[k + 1][i] * r.c - before * s;
  }
}

// One sweep of implicit QR with a shift over rows first..last of the bidiagonal matrix.
void Sweep(size_t first, size_t last, Vector6& w, std::array<double, kSize - 1>& above, Matrix6& u,
           Matrix6& v) {
  double a = first + 1 < last ? above[last - 2] * above[last - 2] : 0.0;
  double b_squared = w[last - 1] * w[last - 1];
  a += b_squared;
  double c = above[last - 1] * above[last - 1];
  b_squared *= c;
  c += w[last] * w[last];
  const double half = (a - c) * 0.5;
  double shift = std::sqrt(half * half + b_squared);
  if (a > c) shift = -shift;
  shift += (a + c) * 0.5;

  double bulge = 0;
  Rotation r = RotationFor(w[first] * w[first] - shift, w[first] * above[first]);
  Rotate(r, w[first], above[first]);
  Rotate(r, bulge, w[first + 1]);
  RotateColumns(r, v, first);
  for (size_t i = first; i + 1 < last; ++i) {
    r = RotationFor(w[i], bulge);
    w[i] = r.c * w[i] - r.s * bulge;
    Rotate(r, above[i], w[i + 1]);
    bulge = -r.s * above[i + 1];
    above[i + 1] = r.c * above[i + 1];
    RotateColumns(r, u, i);

    r = RotationFor(above[i], bulge);
    above[i] = r.c * above[i] - r.s * bulge;
    Rotate(r, w[i + 1], above[i + 1]);
    bulge = -r.s * w[i + 2];
    w[i + 2] = r.c * w[i + 2];
    RotateColumns(r, v, i + 1);
  }
  r = RotationFor(w[last - 1], bulge);
  Rotate(r, w[last - 1], bulge);
  Rotate(r, above[last - 1], w[last]);
  RotateColumns(r, u, last - 1);
}

}  // namespace

Matrix6 InverseBySvd(const Matrix6& a) {
  Bidiagonal b = Bidiagonalise(a);
  Matrix6 v = ExpandMirrors(b.right, 1);
  Matrix6 u = ExpandMirrors(b.left, 0);
  Vector6& w = b.diagonal;

  // A diagonal entry cannot vanish: it is at least the smallest singular value.
  const double zero = kTolerance * std::max(MaxAbs(w.data(), kSize), MaxAbs(b.above.data(), kSize - 1));
  for (size_t last = kSize - 1;;) {
    while (last > 0 && std::abs(b.above[last - 1]) <= zero) b.above[--last] = 0;
    if (last == 0) break;
    size_t first = last - 1;
    while (first > 0 && std::abs(b.above[first - 1]) > zero) --first;
    if (first > 0) b.above[first - 1] = 0;
    Sweep(first, last, w, b.above, u, v);
  }

  const double smallest = kSmallestShare * MaxAbs(w.data(), kSize);
  for (size_t c = 0; c < kSize; ++c) {
    const double inverse = std::abs(w[c]) > smallest ? 1.0 / w[c] : 0.0;
    for (double& value : v[c]) value *= inverse;
  }
  Matrix6 out{};
  for (size_t k = 0; k < kSize; ++k)
    for (size_t c = 0; c < kSize; ++c)
      for (size_t r = 0; r < kSize; ++r) out[c][r] += v[k][r] * u[k][c];
  return out;
}

}  // namespace deerbench
