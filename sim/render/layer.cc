#include "sim/render/layer.h"

namespace deerbench::render {

DrawArguments LayerPainter::Arguments(const RenderScene& scene, const View& view, const Drawn& drawn) const {
  const PackedInstance& instance = scene.instances[static_cast<size_t>(drawn.instance)];
  return {.mesh = scene.meshes[static_cast<size_t>(instance.mesh)],
          .projected = drawn.projected,
          .X_CV = drawn.X_CV,
          .view = view,
          .first_id = static_cast<uint32_t>(drawn.instance) << kTriangleBits};
}

void LayerPainter::PaintCentres(const RenderScene& scene, std::span<const Pose> X_WV, const Pose& X_CW,
                                const View& view, int first, int last, bool for_samples,
                                VisibilityBuffer& visibility) {
  num_drawn_ = 0;
  for (int i = first; i < last; ++i) {
    const PackedMesh& mesh = scene.meshes[static_cast<size_t>(scene.instances[static_cast<size_t>(i)].mesh)];
    const Pose X_CV = X_CW * X_WV[static_cast<size_t>(i)];
    if (IsOutside(mesh, X_CV, view)) continue;
    if (num_drawn_ == drawn_.size()) drawn_.emplace_back();
    Drawn& drawn = drawn_[num_drawn_];
    Project(mesh, X_CV, view, !for_samples, drawn.projected);
    if (drawn.projected.common_code != 0) continue;
    drawn.instance = i;
    drawn.X_CV = X_CV;
    drawn.candidates.clear();
    drawn.clipped.clear();
    DrawArguments arguments = Arguments(scene, view, drawn);
    if (for_samples) {
      arguments.candidates = &drawn.candidates;
      arguments.clipped = &drawn.clipped;
    }
    DrawMesh(arguments, visibility);
    ++num_drawn_;
  }
}

void LayerPainter::PaintSamples(const RenderScene& scene, const View& view, Layer& layer) const {
  for (size_t i = 0; i < num_drawn_; ++i) {
    const Drawn& drawn = drawn_[i];
    DrawSamples(Arguments(scene, view, drawn), drawn.candidates, drawn.clipped, layer.flags, layer.samples);
  }
}

}  // namespace deerbench::render
