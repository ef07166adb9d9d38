#include "sim/render/shade.h"

#include "sim/render/simd.h"

namespace deerbench::render {
namespace {

std::array<float, 3> ToArray(const Vec3& v) {
  return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}
DEERBENCH_INLINE V3x8 Splat3(const std::array<float, 3>& v) {
  return {Splat(v[0]), Splat(v[1]), Splat(v[2])};
}
DEERBENCH_INLINE V3x8 Splat3(const Float3& v) { return {Splat(v.x), Splat(v.y), Splat(v.z)}; }

// Attributes of one corner of eight triangles: position, normal, texture coordinates.
struct CornerAttributes {
  V3x8 p, n;
  F8 u, v;
};
DEERBENCH_INLINE CornerAttributes LoadCorner(const PackedMesh& mesh, const uint32_t* triangles,
                                             uint32_t corner) {
  F8 row[kLanes];
  for (int i = 0; i < kLanes; ++i)
    row[i] = Load(&mesh.vertices[mesh.vertex_of_corner[3 * triangles[i] + corner]].x);
  Transpose8x8(row);
  return {{row[0], row[1], row[2]}, {row[3], row[4], row[5]}, row[6], row[7]};
}

// x^n by squaring.
DEERBENCH_INLINE F8 Power(F8 x, int n) {
  F8 result = Splat(1.0f);
  for (; n != 0; n >>= 1) {
    if (n & 1) result *= x;
    x *= x;
  }
  return result;
}

DEERBENCH_INLINE V3x8 Unit(const V3x8& v) { return (Splat(1.0f) / Sqrt(Max(Dot(v, v), Splat(1e-30f)))) * v; }

// Texture coordinates of slivers can be anything: keep them in the range in which sampling works.
DEERBENCH_INLINE F8 Tame(F8 x) { return Abs(x) < Splat(1e6f) ? x : Splat(0.0f); }

}  // namespace

ShadingContext MakeShadingContext(const RenderScene& scene, const PackedInstance& instance, bool lit,
                                  const Pose& X_WV, const Pose& X_WC, const Pose& X_WL, const View& view,
                                  const Lighting& lighting, bool filter_textures) {
  ShadingContext c;
  c.mesh = &scene.meshes[static_cast<size_t>(instance.mesh)];
  if (instance.texture >= 0) c.texture = &scene.textures[static_cast<size_t>(instance.texture)];
  c.filter_textures = filter_textures;
  c.rgb = lit ? instance.lit_rgb : instance.rgb;
  c.emissive = lit && lighting.lights_glow;
  c.specular = instance.specular * lighting.specular;
  c.shininess = lighting.shininess > 0 ? lighting.shininess : instance.shininess;
  const Pose X_VC = Inverse(X_WV) * X_WC;
  const Transform X = ToTransform(X_VC);
  c.eye = X.t;
  c.X_VC = X.r;
  c.to_light = ToArray(Rotate(Conjugate(X_WV.q), Normalized(lighting.to_key_light)));
  c.up = ToArray(Rotate(Conjugate(X_WV.q), {0, 0, 1}));
  c.X_LV = ToTransform(Inverse(X_WL) * X_WV);
  c.fixed_highlight_eye = lighting.highlight_eye.has_value();
  if (c.fixed_highlight_eye) c.highlight_eye = ToArray(Inverse(X_WV) * *lighting.highlight_eye);
  c.cx = static_cast<float>(view.cx);
  c.cy = static_cast<float>(view.cy);
  c.inverse_f = static_cast<float>(1 / view.f);
  return c;
}

void ShadeFragments(const ShadingContext& c, const Lighting& lighting, const Shadows& shadows,
                    std::span<const Fragment> fragments, PixelLight* pixels) {
  const F8 zero = Splat(0.0f), one = Splat(1.0f), half = Splat(0.5f);
  const V3x8 eye = Splat3(c.eye), to_light = Splat3(c.to_light), up = Splat3(c.up);
  const V3x8 key = Splat3(lighting.key), sky = Splat3(lighting.sky), ground = Splat3(lighting.ground);
  const F8 wrap = Splat(lighting.key_wrap), wrap_scale = Splat(1 / (1 + lighting.key_wrap));
  const std::array<float, 9>& rl = c.X_LV.r;
  const F8 slope_bias =
      Splat(shadows.of_static != nullptr
                ? lighting.shadow_slope_bias * static_cast<float>(shadows.of_static->texel_m())
                : 0.0f);
  const V3x8 ray_x = {Splat(c.X_VC[0]), Splat(c.X_VC[3]), Splat(c.X_VC[6])};
  const V3x8 ray_y = {Splat(c.X_VC[1]), Splat(c.X_VC[4]), Splat(c.X_VC[7])};
  const V3x8 ray_z = {Splat(c.X_VC[2]), Splat(c.X_VC[5]), Splat(c.X_VC[8])};

  for (size_t first = 0; first < fragments.size(); first += kLanes) {
    const size_t count = fragments.size() - first < kLanes ? fragments.size() - first : kLanes;
    F8 columns[4];
    LoadFourColumns(
        [&](size_t i) DEERBENCH_INLINE_LAMBDA { return &fragments[first + (i < count ? i : 0)].x; }, columns);
    const F8 screen_x = columns[0], screen_y = columns[1];
    const I8 packed = BitsOf(columns[3]);
    const F8 weight = ToFloat(packed >> kTriangleBits);
    alignas(32) uint32_t triangles[kLanes];
    Store(triangles, reinterpret_cast<U8>(packed & Splat(static_cast<int32_t>(kMaxTriangles - 1))));
    const CornerAttributes a = LoadCorner(*c.mesh, triangles, 0), b = LoadCorner(*c.mesh, triangles, 1),
                           d = LoadCorner(*c.mesh, triangles, 2);

    // Where the ray through the sample meets the triangle's plane.
    const F8 dx = (screen_x - Splat(c.cx)) * Splat(c.inverse_f),
             dy = (screen_y - Splat(c.cy)) * Splat(c.inverse_f);
    const V3x8 ray = dx * ray_x + dy * ray_y + ray_z;
    const V3x8 e1 = b.p - a.p, e2 = d.p - a.p;
    const V3x8 face = Cross(e1, e2);
    const V3x8 from_a = eye - a.p;
    const F8 face_ray = Dot(face, ray);
    const F8 t = -Dot(face, from_a) / face_ray;
    const V3x8 q = from_a + t * ray;
    const F8 inverse_area = one / Dot(face, face);
    const V3x8 gradient1 = inverse_area * Cross(e2, face), gradient2 = inverse_area * Cross(face, e1);
    const F8 w1 = Dot(gradient1, q), w2 = Dot(gradient2, q);
    const V3x8 normal = Unit(a.n + w1 * (b.n - a.n) + w2 * (d.n - a.n));

    V3x8 albedo = Splat3(c.rgb);
    if (c.texture != nullptr) {
      const F8 du1 = b.u - a.u, du2 = d.u - a.u, dv1 = b.v - a.v, dv2 = d.v - a.v;
      const F8 u = Tame(a.u + w1 * du1 + w2 * du2), v = Tame(a.v + w1 * dv1 + w2 * dv2);
      Rgb8 texel;
      if (c.filter_textures) {
        // The point moves by t (r - (n.r / n.ray) ray) / f when the sample moves a pixel along r.
        const F8 step = t * Splat(c.inverse_f), inverse_face_ray = one / face_ray;
        const F8 width = Splat(static_cast<float>(c.texture->width()));
        const F8 height = Splat(static_cast<float>(c.texture->height()));
        const auto footprint = [&](const V3x8& direction) DEERBENCH_INLINE_LAMBDA {
          const V3x8 move = step * (direction - (Dot(face, direction) * inverse_face_ray) * ray);
          const F8 m1 = Dot(gradient1, move), m2 = Dot(gradient2, move);
          const F8 mu = (m1 * du1 + m2 * du2) * width, mv = (m1 * dv1 + m2 * dv2) * height;
          return mu * mu + mv * mv;
        };
        texel = c.texture->SampleFiltered(u, v, Max(footprint(ray_x), footprint(ray_y)));
      } else {
        texel = c.texture->SampleNearest(u, v);
      }
      albedo = {albedo.x * texel.r, albedo.y * texel.g, albedo.z * texel.b};
    }

    V3x8 ambient, direct;
    if (c.emissive) {
      // Brightest where it faces the camera, like a lamp behind frosted glass.
      const F8 facing = Clamp01(-Dot(normal, ray) / Sqrt(Dot(ray, ray)));
      const F8 core = Splat(0.4f) * facing * facing, body = Splat(0.85f) + Splat(0.15f) * facing;
      ambient = {zero, zero, zero};
      direct = {body * albedo.x + core * (one - albedo.x), body * albedo.y + core * (one - albedo.y),
                body * albedo.z + core * (one - albedo.z)};
    } else {
      const F8 cosine = Dot(normal, to_light);
      const V3x8 p = eye + t * ray;
      const F8 wrapped = (cosine + wrap) * wrap_scale;
      const I8 reached = lighting.far_side_in_shadow ? cosine > zero : wrapped > zero;
      F8 visible = reached ? one : zero;
      if (shadows.of_static != nullptr && AnyNegative(reached)) {
        const F8 safe_cosine = Max(Abs(cosine), Splat(0.1f));
        const F8 tangent = Sqrt(Max(one - cosine * cosine, zero)) / safe_cosine;
        const V3x8 p_L = {rl[0] * p.x + rl[1] * p.y + rl[2] * p.z + c.X_LV.t[0],
                          rl[3] * p.x + rl[4] * p.y + rl[5] * p.z + c.X_LV.t[1],
                          rl[6] * p.x + rl[7] * p.y + rl[8] * p.z + c.X_LV.t[2]};
        const F8 bias = Splat(lighting.shadow_bias_m) + slope_bias * tangent;
        visible *= shadows.of_static->Visibility(p_L, bias);
        if (shadows.of_moving != nullptr) visible *= shadows.of_moving->Visibility(p_L, bias);
      }
      const F8 facing = half + half * Dot(normal, up);
      const F8 diffuse = Max(wrapped, zero);
      // What shadows leave of the key light counts as soft light: shadows that come later leave it as well.
      const V3x8 soft =
          ground + facing * (sky - ground) + (diffuse * Splat(1 - lighting.shadow_strength)) * key;
      ambient = {soft.x * albedo.x, soft.y * albedo.y, soft.z * albedo.z};
      const V3x8 to_eye =
          c.fixed_highlight_eye ? Unit(Splat3(c.highlight_eye) - p) : (-one / Sqrt(Dot(ray, ray))) * ray;
      const V3x8 mirrored = (Splat(2.0f) * cosine) * normal - to_light;
      const F8 mirror = cosine > zero ? Max(Dot(mirrored, to_eye), zero) : zero;
      const F8 highlight = Splat(c.specular) * Power(mirror, c.shininess);
      const F8 hard = diffuse * Splat(lighting.shadow_strength);
      const F8 tint = Splat(lighting.specular_tint);
      direct = {visible * key.x * (hard * albedo.x + highlight * (one + tint * (albedo.x - one))),
                visible * key.y * (hard * albedo.y + highlight * (one + tint * (albedo.y - one))),
                visible * key.z * (hard * albedo.z + highlight * (one + tint * (albedo.z - one)))};
    }

    // No light is greater than 3.9: eight eighths of it fit into 16 bits.
    const F8 most = Splat(3.9f), scale = weight * Splat(kLightScale / 8);
    const auto scaled = [&](F8 light) DEERBENCH_INLINE_LAMBDA { return Min(Max(light, zero), most) * scale; };
    F8 rows[kLanes] = {scaled(ambient.x), scaled(ambient.y), scaled(ambient.z), zero,
                       scaled(direct.x),  scaled(direct.y),  scaled(direct.z),  zero};
    Transpose8x8(rows);
    for (size_t i = 0; i < count; ++i) {
      uint16_t* light = pixels[fragments[first + i].pixel].ambient;
      Store(light, Load(light) + Narrow(RoundToInt(rows[i])));
    }
  }
}

}  // namespace deerbench::render
