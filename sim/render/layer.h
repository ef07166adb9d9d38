// Visibility of some of a scene's instances: which triangle is seen at each pixel, and in flagged pixels at
// each sample.
#pragma once

#include <span>
#include <vector>

#include "sim/render/edges.h"
#include "sim/render/raster.h"
#include "sim/render/render_scene.h"
#include "sim/render/samples.h"

namespace deerbench::render {

struct Layer {
  VisibilityBuffer visibility;
  EdgeFlags flags;
  SampleBuffer samples;
};

// Draws instances [first, last) into layers; keeps what is worth keeping between the passes over them.
class LayerPainter {
 public:
  // Into the pixel centres. With `for_samples`, PaintSamples may follow.
  void PaintCentres(const RenderScene& scene, std::span<const Pose> X_WV, const Pose& X_CW, const View& view,
                    int first, int last, bool for_samples, VisibilityBuffer& visibility);
  // Into the samples of flagged pixels: the same instances.
  void PaintSamples(const RenderScene& scene, const View& view, Layer& layer) const;

 private:
  struct Drawn {
    int instance = 0;
    Pose X_CV;
    ProjectedMesh projected;
    std::vector<Candidate> candidates;
    std::vector<TriangleSetup> clipped;
  };
  DrawArguments Arguments(const RenderScene& scene, const View& view, const Drawn& drawn) const;

  std::vector<Drawn> drawn_;  // the first num_drawn_ are in use
  size_t num_drawn_ = 0;
};

}  // namespace deerbench::render
