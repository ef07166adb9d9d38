// Cameras and pictures as Python has them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "python/bindings/tabletop.h"
#include "sim/render/camera.h"

namespace deerbench {

// "static", "gripper" or any other.
using CameraChoice = std::variant<std::string, Camera>;

// The camera where it stands now, in another size if one is given. Throws Error for an unknown name and for a
// size of which there can be no picture in memory.
Camera ChosenCamera(const Tabletop& tabletop, const CameraChoice& choice, std::optional<int> width = {},
                    std::optional<int> height = {});

pybind11::array_t<double> IntrinsicsArray(const Camera& camera);  // (3, 3)
std::vector<double> MatrixOf(const Pose& X);                      // 4x4, row-major

}  // namespace deerbench
