#include "sim/render/view.h"

#include "sim/render/simd.h"

namespace deerbench::render {
namespace {

// Bit where the condition (lanes 0 or -1) holds.
DEERBENCH_INLINE I8 Bit(I8 condition, uint32_t bit) { return condition & Splat(static_cast<int32_t>(bit)); }

// Vertices as (x, y, depth, code) one after another.
DEERBENCH_INLINE void StoreVertices(ScreenVertex* out, F8 x, F8 y, F8 depth, I8 code) {
  const F8 c = FromBits(code);
  const F8 xy_low = __builtin_shufflevector(x, y, 0, 8, 1, 9, 4, 12, 5, 13);
  const F8 xy_high = __builtin_shufflevector(x, y, 2, 10, 3, 11, 6, 14, 7, 15);
  const F8 dc_low = __builtin_shufflevector(depth, c, 0, 8, 1, 9, 4, 12, 5, 13);
  const F8 dc_high = __builtin_shufflevector(depth, c, 2, 10, 3, 11, 6, 14, 7, 15);
  const F8 v04 = __builtin_shufflevector(xy_low, dc_low, 0, 1, 8, 9, 4, 5, 12, 13);
  const F8 v15 = __builtin_shufflevector(xy_low, dc_low, 2, 3, 10, 11, 6, 7, 14, 15);
  const F8 v26 = __builtin_shufflevector(xy_high, dc_high, 0, 1, 8, 9, 4, 5, 12, 13);
  const F8 v37 = __builtin_shufflevector(xy_high, dc_high, 2, 3, 10, 11, 6, 7, 14, 15);
  float* to = &out->x;
  Store(to, __builtin_shufflevector(v04, v15, 0, 1, 2, 3, 8, 9, 10, 11));
  Store(to + 8, __builtin_shufflevector(v26, v37, 0, 1, 2, 3, 8, 9, 10, 11));
  Store(to + 16, __builtin_shufflevector(v04, v15, 4, 5, 6, 7, 12, 13, 14, 15));
  Store(to + 24, __builtin_shufflevector(v26, v37, 4, 5, 6, 7, 12, 13, 14, 15));
}

// As SetUpTriangles rounds. The vertices lie within the guard band.
void Snap(ProjectedMesh& mesh, size_t count) {
  mesh.snapped.resize(2 * count);
  const F8 subpixels = Splat(static_cast<float>(1 << kSubpixelBits));
  for (size_t i = 0; i < count; i += 4) {
    const float* vertices = &mesh.vertices[i].x;
    const F8 a = Load(vertices), b = Load(vertices + 8);  // x, y, depth, code of two each
    Store(&mesh.snapped[2 * i],
          RoundToInt(__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13) * subpixels));
  }
}

}  // namespace

Transform ToTransform(const Pose& X) {
  const std::array<double, 9> m = ToMatrix(X.q);
  Transform result;
  for (int i = 0; i < 9; ++i) result.r[i] = static_cast<float>(m[i]);
  result.t = {static_cast<float>(X.p.x), static_cast<float>(X.p.y), static_cast<float>(X.p.z)};
  return result;
}

bool IsOutside(const PackedMesh& mesh, const Pose& X_CV, const View& view) {
  uint32_t common = ~0u;
  const std::array<double, 9> r = ToMatrix(X_CV.q);
  for (int corner = 0; corner < 8; ++corner) {
    const double x = corner & 1 ? mesh.upper[0] : mesh.lower[0];
    const double y = corner & 2 ? mesh.upper[1] : mesh.lower[1];
    const double z = corner & 4 ? mesh.upper[2] : mesh.lower[2];
    const double cx = r[0] * x + r[1] * y + r[2] * z + X_CV.p.x;
    const double cy = r[3] * x + r[4] * y + r[5] * z + X_CV.p.y;
    const double cz = r[6] * x + r[7] * y + r[8] * z + X_CV.p.z;
    const double w = view.orthographic ? 1 : cz;
    const double sx = view.f * cx + view.cx * w, sy = view.f * cy + view.cy * w;
    // One pixel of margin covers the rounding to single precision.
    uint32_t code = 0;
    if (sx < -w) code |= kLeft;
    if (sx > (view.width + 1) * w) code |= kRight;
    if (sy < -w) code |= kAbove;
    if (sy > (view.height + 1) * w) code |= kBelow;
    if (!view.orthographic && cz < view.near_m) code |= kTooNear;
    if (!view.orthographic && cz > view.far_m) code |= kTooFar;
    common &= code;
  }
  return common != 0;
}

void Project(const PackedMesh& mesh, const Pose& X_CV, const View& view, bool with_snapped,
             ProjectedMesh& out) {
  const Transform X = ToTransform(X_CV);
  const size_t count = mesh.x.size();
  if (out.vertices.size() < count) out.vertices.resize(count);
  const F8 f = Splat(static_cast<float>(view.f));
  const F8 cx = Splat(static_cast<float>(view.cx)), cy = Splat(static_cast<float>(view.cy));
  const F8 width = Splat(static_cast<float>(view.width)), height = Splat(static_cast<float>(view.height));
  const F8 guard = Splat(static_cast<float>(kGuard));
  const F8 near_m = Splat(static_cast<float>(view.near_m)), far_m = Splat(static_cast<float>(view.far_m));
  const F8 zero = Splat(0.0f), one = Splat(1.0f);
  I8 common = Splat(-1), any = Splat(0);
  for (size_t i = 0; i < count; i += kLanes) {
    const F8 x = Load(&mesh.x[i]), y = Load(&mesh.y[i]), z = Load(&mesh.z[i]);
    const F8 camera_x = X.r[0] * x + X.r[1] * y + X.r[2] * z + X.t[0];
    const F8 camera_y = X.r[3] * x + X.r[4] * y + X.r[5] * z + X.t[1];
    const F8 camera_z = X.r[6] * x + X.r[7] * y + X.r[8] * z + X.t[2];
    F8 scale = one, depth = -camera_z;
    I8 code = Splat(0);
    if (!view.orthographic) {
      scale = one / Max(camera_z, near_m);
      depth = scale;
      code = Bit(camera_z < near_m, kTooNear) | Bit(camera_z > far_m, kTooFar);
    }
    const F8 screen_x = cx + f * (camera_x * scale), screen_y = cy + f * (camera_y * scale);
    // Sides mean nothing behind the near plane.
    const I8 side = Bit(screen_x < zero, kLeft) | Bit(screen_x > width, kRight) |
                    Bit(screen_y < zero, kAbove) | Bit(screen_y > height, kBelow);
    const I8 far_out =
        (screen_x < -guard) | (screen_x > width + guard) | (screen_y < -guard) | (screen_y > height + guard);
    const I8 behind = (code & Splat(static_cast<int32_t>(kTooNear))) != 0;
    code = code | (side & ~behind) | Bit(far_out, kOutsideGuard);
    common &= code;
    any |= code;
    StoreVertices(&out.vertices[i], screen_x, screen_y, depth, code);
  }
  out.common_code = ~0u;
  out.any_code = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    out.common_code &= static_cast<uint32_t>(common[lane]);
    out.any_code |= static_cast<uint32_t>(any[lane]);
  }
  out.common_code &= ~static_cast<uint32_t>(kOutsideGuard);
  out.snapped.clear();
  if (with_snapped && out.common_code == 0 && (out.any_code & (kTooNear | kOutsideGuard)) == 0)
    Snap(out, count);
}

}  // namespace deerbench::render
