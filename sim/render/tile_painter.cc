#include "sim/render/tile_painter.h"

#include <algorithm>

#include "sim/render/occlusion.h"
#include "sim/render/simd.h"

namespace deerbench::render {
namespace {

int Groups(const View& view) { return (view.width + kLanes - 1) / kLanes; }

// Bits of those of eight pixels from x on that lie in the picture.
uint32_t InPicture(const View& view, int x) {
  return view.width - x < kLanes ? (1u << (view.width - x)) - 1 : 0xffu;
}

// Name of the first triangle that may move.
uint32_t FirstMoving(const RenderScene& scene) {
  return static_cast<uint32_t>(scene.num_static) << kTriangleBits;
}

int32_t BodyOf(const RenderScene& scene, uint32_t id) {
  return id == kBackground ? -1 : scene.instances[id >> kTriangleBits].body;
}

ComposeArguments ComposeAlone(const Frame& frame, const View& view, const StaticPicture& picture) {
  const Lighting& l = frame.options.lighting;
  return {.visibility = &picture.layer.visibility,
          .view = view,
          .occlusion = frame.options.ambient_occlusion ? l.occlusion : 0,
          .occlusion_radius_m = static_cast<float>(l.occlusion_radius_m),
          .static_lights = picture.light.data()};
}

}  // namespace

void TilePainter::Paint(const Frame& frame, const Pose& X_WC, const View& view, StaticPicture& picture,
                        bool keep, const ImageView& out, int stride) {
  const bool with_samples = out.rgb != nullptr && frame.options.antialias;
  if (!picture.is_drawn || (with_samples && !picture.has_samples))
    PaintStatic(frame, X_WC, view, with_samples, picture);
  layer_.visibility = picture.layer.visibility;
  painter_.PaintCentres(frame.scene, frame.X_WV, Inverse(X_WC), view, frame.scene.num_static,
                        static_cast<int>(frame.scene.instances.size()), with_samples, layer_.visibility);
  WritePlanes(frame, view, out, stride);
  if (out.rgb) PaintColor(frame, X_WC, view, picture, keep, out.rgb, stride);
}

void TilePainter::PaintStatic(const Frame& frame, const Pose& X_WC, const View& view, bool with_samples,
                              StaticPicture& picture) {
  Layer& layer = picture.layer;
  const auto far_depth = static_cast<float>(1 / view.far_m);
  layer.visibility.Resize(view.width, view.height, true);
  layer.visibility.Clear(far_depth);
  painter_.PaintCentres(frame.scene, frame.X_WV, Inverse(X_WC), view, 0, frame.scene.num_static, with_samples,
                        layer.visibility);
  layer.visibility.FillMargin();
  layer.samples.clear();
  if (with_samples) {
    layer.flags.Find(layer.visibility, view, 0);
    ClearSamples(layer.flags.count(), far_depth, layer.samples);
    painter_.PaintSamples(frame.scene, view, layer);
  }
  picture.is_drawn = true;
  picture.has_samples = with_samples;
  picture.has_light = false;
}

void TilePainter::WritePlanes(const Frame& frame, const View& view, const ImageView& out, int stride) const {
  const VisibilityBuffer& v = layer_.visibility;
  const auto far_m = static_cast<float>(view.far_m);
  for (int y = 0; y < view.height; ++y) {
    const float* depth = &v.depth[static_cast<size_t>(v.Index(0, y))];
    const uint32_t* id = &v.id[static_cast<size_t>(v.Index(0, y))];
    const size_t row = static_cast<size_t>(y) * static_cast<size_t>(stride);
    if (out.depth_m) {
      for (int x = 0; x < view.width; ++x) out.depth_m[row + x] = id[x] != kBackground ? 1 / depth[x] : far_m;
    }
    if (out.segmentation) {
      int32_t* segmentation = out.segmentation + row;
      for (int x = 0; x < view.width; x += kLanes) {
        const int count = std::min(kLanes, view.width - x);
        const uint32_t first = id[x];
        const U8 differs = (Load(id + x) ^ Splat(first)) >> kTriangleBits;
        if (count == kLanes && !AnyNegative(differs != 0)) {
          Store(segmentation + x, Splat(BodyOf(frame.scene, first)));
        } else {
          for (int i = x; i < x + count; ++i) segmentation[i] = BodyOf(frame.scene, id[i]);
        }
      }
    }
  }
}

void TilePainter::PaintColor(const Frame& frame, const Pose& X_WC, const View& view, StaticPicture& picture,
                             bool keep, uint8_t* rgb, int stride) {
  layer_.visibility.FillMargin();
  layer_.samples.clear();
  if (frame.options.antialias) {
    layer_.flags.Find(layer_.visibility, view, FirstMoving(frame.scene));
    CopySamples(picture.layer.visibility, picture.layer.flags, picture.layer.samples, layer_.flags,
                layer_.samples);
    painter_.PaintSamples(frame.scene, view, layer_);
  }
  FindMoving(frame, view);

  const auto pixels = static_cast<size_t>(view.width * view.height);
  if (picture.light.size() < pixels) picture.light.resize(pixels);
  if (moving_light_.size() < pixels) moving_light_.resize(pixels);
  if (keep && !picture.has_light) LightStatic(frame, X_WC, view, picture);
  FindNeeds(frame, view, picture);
  mixed_.assign(moving_.size(), 0);
  if (frame.moving_shadows != nullptr) {
    shadow_plane_.Find(picture.layer.visibility, view, ToTransform(Inverse(frame.X_WL) * X_WC),
                       *frame.moving_shadows, frame.options.lighting.shadow_bias_m, needs_);
    if (picture.has_samples) shadow_plane_.SelectMixed(picture.layer.flags, view, mixed_);
    for (size_t i = 0; i < mixed_.size(); ++i) {
      mixed_[i] = static_cast<uint8_t>(mixed_[i] & ~moving_[i]);
      if (mixed_[i] != 0) needs_[i] |= kOcclusion;
    }
  }

  const Background background(frame.options.lighting, X_WC, view);
  fragments_.Clear(frame.scene.instances.size());
  ResolvePixels(frame.scene, layer_, moving_, true, background, fragments_, moving_light_.data());
  ResolvePixels(frame.scene, picture.layer, mixed_, true, background, fragments_, moving_light_.data());
  Shade(frame, X_WC, view, true, moving_light_.data());
  for (size_t i = 0; i < mixed_.size(); ++i) moving_[i] |= mixed_[i];
  if (!picture.has_light) {
    fragments_.Clear(frame.scene.instances.size());
    ResolvePixels(frame.scene, picture.layer, moving_, false, background, fragments_, picture.light.data());
    Shade(frame, X_WC, view, false, picture.light.data());
  }

  ComposeArguments compose = ComposeAlone(frame, view, picture);
  compose.visibility = &layer_.visibility;
  compose.moving_shadows = frame.moving_shadows != nullptr ? &shadow_plane_ : nullptr;
  compose.moving_lights = moving_light_.data();
  compose.takes_moving = moving_;
  compose.static_rgb = picture.rgb.data();
  compose.needs = needs_;
  Compose(compose, rgb, static_cast<size_t>(stride) * 3);
}

void TilePainter::LightStatic(const Frame& frame, const Pose& X_WC, const View& view,
                              StaticPicture& picture) {
  const std::vector<uint8_t> none(static_cast<size_t>(Groups(view) * view.height), 0);
  fragments_.Clear(frame.scene.instances.size());
  ResolvePixels(frame.scene, picture.layer, none, false, Background(frame.options.lighting, X_WC, view),
                fragments_, picture.light.data());
  Shade(frame, X_WC, view, false, picture.light.data());
  picture.rgb.resize(static_cast<size_t>(view.width * view.height) * 3);
  const ComposeArguments alone = ComposeAlone(frame, view, picture);
  Compose(alone, picture.rgb.data(), static_cast<size_t>(view.width) * 3);
  picture.light_bounds.Find(picture.layer.visibility, view, ToTransform(Inverse(frame.X_WL) * X_WC));
  picture.has_light = true;
}

void TilePainter::FindMoving(const Frame& frame, const View& view) {
  const uint32_t first = FirstMoving(frame.scene);
  const auto moving = [first](const uint32_t* ids) {
    const U8 id = Load(ids);
    return SignMask((id >= first) & (id != kBackground));
  };
  const int groups = Groups(view);
  moving_.resize(static_cast<size_t>(groups * view.height));
  size_t sample = 0;
  for (int y = 0; y < view.height; ++y) {
    for (int gx = 0; gx < groups; ++gx) {
      const int x = gx * kLanes;
      uint32_t bits = moving(&layer_.visibility.id[static_cast<size_t>(layer_.visibility.Index(x, y))]);
      if (!layer_.samples.empty()) {
        for (uint32_t left = layer_.flags.group(gx, y); left != 0; left &= left - 1) {
          const uint32_t bit = left & -left;
          bits = moving(layer_.samples[sample++].id) != 0 ? bits | bit : bits & ~bit;
        }
      }
      moving_[static_cast<size_t>(y * groups + gx)] = static_cast<uint8_t>(bits & InPicture(view, x));
    }
  }
}

// Eight pixels can be copied if no moving thing is so near that occlusion or edges could look at it, and its
// shadows fall elsewhere.
void TilePainter::FindNeeds(const Frame& frame, const View& view, const StaticPicture& picture) {
  const int groups = Groups(view);
  if (!picture.has_light) {
    needs_.assign(moving_.size(), kOcclusion | kShadows);
    return;
  }
  const uint32_t first = FirstMoving(frame.scene);
  static_assert(kOcclusionReach <= kLanes);
  near_.assign(static_cast<size_t>(groups * view.height), 0);
  for (int y = 0; y < view.height; ++y) {
    for (int gx = 0; gx < groups; ++gx) {
      const auto g = static_cast<size_t>(y * groups + gx);
      const U8 id = Load(&layer_.visibility.id[static_cast<size_t>(layer_.visibility.Index(gx * kLanes, y))]);
      const uint32_t visible = SignMask((id >= first) & (id != kBackground)) & InPicture(view, gx * kLanes);
      if ((visible | moving_[g]) == 0) continue;
      near_[g] = 1;
      if (gx > 0) near_[g - 1] = 1;
      if (gx + 1 < groups) near_[g + 1] = 1;
    }
  }
  needs_.assign(near_.size(), kOcclusion);
  last_near_.assign(static_cast<size_t>(groups), -kOcclusionReach - 1);
  for (int y = 0; y < view.height + kOcclusionReach; ++y) {
    for (int gx = 0; gx < groups; ++gx) {
      int& last = last_near_[static_cast<size_t>(gx)];
      if (y < view.height && near_[static_cast<size_t>(y * groups + gx)] != 0) last = y;
      const int row = y - kOcclusionReach;
      if (row >= 0 && last < row - kOcclusionReach) needs_[static_cast<size_t>(row * groups + gx)] = 0;
    }
  }
  if (frame.moving_shadows == nullptr) return;
  const float bias = frame.options.lighting.shadow_bias_m;
  for (int y = 0; y < view.height; y += kLanes) {
    for (int gx = 0; gx < groups; ++gx) {
      if (!picture.light_bounds.MayBeShaded(gx, y / kLanes, *frame.moving_shadows, bias)) continue;
      for (int row = y; row < std::min(y + kLanes, view.height); ++row)
        needs_[static_cast<size_t>(row * groups + gx)] |= kShadows;
    }
  }
}

void TilePainter::Shade(const Frame& frame, const Pose& X_WC, const View& view, bool with_moving_shadows,
                        PixelLight* lights) {
  const Shadows shadows = {frame.static_shadows, with_moving_shadows ? frame.moving_shadows : nullptr};
  for (size_t i = 0; i < frame.scene.instances.size(); ++i) {
    if (fragments_.of(i).empty()) continue;
    const PackedInstance& instance = frame.scene.instances[i];
    const bool lit = (instance.light == LightSource::kLightbulb && frame.lightbulb_on) ||
                     (instance.light == LightSource::kLed && frame.led_on);
    const ShadingContext context =
        MakeShadingContext(frame.scene, instance, lit, frame.X_WV[i], X_WC, frame.X_WL, view,
                           frame.options.lighting, frame.options.filter_textures);
    ShadeFragments(context, frame.options.lighting, shadows, fragments_.of(i), lights);
  }
}

}  // namespace deerbench::render
