// Pictures of demonstrations: read where they are stored, else drawn from the states when they are asked for.
// Either way the same bits as were seen.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/demo_file.h"
#include "sim/env/tabletop.h"

namespace deerbench {

// One moment of a file: step t of a demonstration, T for the time after its last step, where that is known.
struct FrameRef {
  int demo = 0;
  int step = 0;
};

// Where pictures go, contiguous, one after the other in the order of the references. A null array is not
// drawn.
struct FrameArrays {
  uint8_t* rgb_static = nullptr;            // (N, 200, 200, 3)
  uint8_t* rgb_gripper = nullptr;           // (N, 84, 84, 3)
  int32_t* segmentation_static = nullptr;   // (N, 200, 200) body index, -1 for background
  int32_t* segmentation_gripper = nullptr;  // (N, 84, 84)
};

struct FrameLoaderOptions {
  int threads = 2;    // each with its own renderers, one a scene
  bool draw = false;  // what is stored, too
  // Which camera to draw instead of the scene's static one; with it nothing stored is read.
  std::function<Camera(const Camera&, const DemoInfo&)> static_camera = {};
};

// One loader a file; Load may be called by one thread at a time. States of recently used demonstrations are
// kept in memory (8 MiB a thread or so), so references to neighbouring steps are best asked for together.
class FrameLoader {
 public:
  static constexpr int kStaticSize = 200, kGripperSize = 84;  // pixels a side
  static constexpr size_t kStaticBytes = size_t{3} * kStaticSize * kStaticSize;
  static constexpr size_t kGripperBytes = size_t{3} * kGripperSize * kGripperSize;

  // `scenes` by letter must have all of demonstrations with states, and cameras of the sizes above. Throws
  // Error naming the one that is missing or draws other pictures.
  FrameLoader(std::shared_ptr<const DemoReader> reader, std::map<std::string, TabletopScene> scenes,
              const FrameLoaderOptions& options = {});
  ~FrameLoader();

  // Both cameras of each reference. The result does not depend on the number of threads. Throws Error naming
  // the reference that is out of range, or has to be drawn (segmentation always has) and has no states.
  void Load(std::span<const FrameRef> frames, const FrameArrays& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The scenes of a file's demonstrations with states, loaded once each.
std::map<std::string, TabletopScene> LoadScenesOf(const DemoReader& reader, const std::string& scenes_dir,
                                                  const std::string& assets_dir = "");

}  // namespace deerbench
