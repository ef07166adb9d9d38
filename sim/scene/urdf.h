// Reads URDF files with PyBullet's conventions (loadURDF with flags 0, Bullet's
// examples/Importers/ImportURDFDemo), which CALVIN's files are written for; scenes/README.md lists them.
#pragma once

#include <filesystem>

#include "sim/scene/description.h"
#include "sim/scene/primitive_mesh.h"
#include "sim/scene/visual_library.h"

namespace deerbench {

struct UrdfOptions {
  double global_scaling = 1;  // of geometry, origins and prismatic limits; not of masses
  bool fixed_base = false;    // gives the base mass 0
  Pose X_WB;
  PrimitiveShading shading = PrimitiveShading::kFlat;
  int body = 0;         // VisualInstance::body
  int first_frame = 0;  // VisualInstance::frame of the base
};

// The body, named after the file's robot; its visuals are appended to the library's model. Throws Error
// naming file, line, element, value and what was expected.
BodyDescription LoadUrdf(const std::filesystem::path& file, const UrdfOptions& options,
                         VisualLibrary& visuals);

}  // namespace deerbench
