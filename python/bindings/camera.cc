#include "python/bindings/camera.h"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"

namespace py = pybind11;

namespace deerbench {
namespace {

constexpr int kMaxPixels = 8192;

Vec3 ToVec3(const py::handle& object, std::string_view field) {
  const std::array<double, 3> v = ToArray<3>(object, field);
  return {v[0], v[1], v[2]};
}

Pose ToPose(const py::handle& object) {
  using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;
  const auto array = Array::ensure(object);
  if (!array) PyErr_Clear();
  if (!array || array.ndim() != 2 || array.shape(0) != 4 || array.shape(1) != 4)
    Fail("camera X_WC is no (4, 4) array of numbers");
  std::array<double, 16> m;
  std::copy_n(array.data(), 16, m.begin());
  return PoseOfMatrix(m);
}

Camera MakeCamera(int width, int height, double fov_y_deg, const Pose& X_WC, double near_m, double far_m) {
  const Camera camera{.width = width,
                      .height = height,
                      .fov_y_deg = fov_y_deg,
                      .near_m = near_m,
                      .far_m = far_m,
                      .X_WC = X_WC};
  camera.Validate();
  return camera;
}

}  // namespace

Camera ChosenCamera(const Tabletop& tabletop, const CameraChoice& choice, std::optional<int> width,
                    std::optional<int> height) {
  Camera camera;
  const auto* name = std::get_if<std::string>(&choice);
  const SceneModel& model = *tabletop.scene().model;
  if (!name)
    camera = std::get<Camera>(choice);
  else if (*name == "static")
    camera = model.static_camera();
  else if (*name == "gripper")
    camera = model.gripper_camera(tabletop.world().X_WGripperCamera());
  else
    Fail(fmt::format("camera is '{}', expected 'static', 'gripper' or a Camera", *name));
  camera.width = width.value_or(camera.width);
  camera.height = height.value_or(camera.height);
  for (const auto& [field, size] : {std::pair{"width", camera.width}, std::pair{"height", camera.height}}) {
    if (size < 1 || size > kMaxPixels) {
      Fail(fmt::format("{} of camera '{}' is {}, expected 1 to {} pixels", field, name ? *name : "of its own",
                       size, kMaxPixels));
    }
  }
  return camera;
}

py::array_t<double> IntrinsicsArray(const Camera& camera) {
  const std::array<double, 9> k = Intrinsics(camera);
  return ToNumpy(std::vector<double>(k.begin(), k.end()), {3, 3});
}

std::vector<double> MatrixOf(const Pose& X) {
  const std::array<double, 9> R = ToMatrix(X.q);
  return {R[0], R[1], R[2], X.p.x, R[3], R[4], R[5], X.p.y, R[6], R[7], R[8], X.p.z, 0, 0, 0, 1};
}

void BindCamera(py::module_& m) {
  constexpr Camera kDefault;
  py::class_<Camera>(m, "Camera", "A pinhole camera anywhere in the world; x right, y down, z forward.")
      .def(py::init([](int width, int height, double fov_y_deg, const py::object& X_WC, double near_m,
                       double far_m) {
             return MakeCamera(width, height, fov_y_deg, ToPose(X_WC), near_m, far_m);
           }),
           py::arg("width"), py::arg("height"), py::arg("fov_y_deg"), py::arg("X_WC"), py::kw_only(),
           py::arg("near_m") = kDefault.near_m, py::arg("far_m") = kDefault.far_m)
      .def_static(
          "look_at",
          [](const py::object& eye, const py::object& target, const py::object& up, int width, int height,
             double fov_y_deg, double near_m, double far_m) {
            const Vec3 p = ToVec3(eye, "eye"), q = ToVec3(target, "target"), above = ToVec3(up, "up");
            if (!(Norm(Cross(q - p, above)) > 1e-12))
              Fail("camera: eye, target and up lie on one line, expected a view with an upward direction");
            return MakeCamera(width, height, fov_y_deg, LookAt(p, q, above), near_m, far_m);
          },
          py::arg("eye"), py::arg("target"), py::arg("up") = py::make_tuple(0.0, 0.0, 1.0), py::kw_only(),
          py::arg("width") = kDefault.width, py::arg("height") = kDefault.height, py::arg("fov_y_deg") = 40.0,
          py::arg("near_m") = kDefault.near_m, py::arg("far_m") = kDefault.far_m)
      .def_readonly("width", &Camera::width)
      .def_readonly("height", &Camera::height)
      .def_readonly("fov_y_deg", &Camera::fov_y_deg)
      .def_readonly("near_m", &Camera::near_m)
      .def_readonly("far_m", &Camera::far_m)
      .def_property_readonly("intrinsics", &IntrinsicsArray)
      .def_property_readonly("X_WC",
                             [](const Camera& c) {
                               return ToNumpy(MatrixOf(c.X_WC), {4, 4});
                             })
      .def("__repr__", [](const Camera& c) {
        return fmt::format("Camera({} x {}, fov_y_deg={:g}, at {:.3f}, {:.3f}, {:.3f})", c.width, c.height,
                           c.fov_y_deg, c.X_WC.p.x, c.X_WC.p.y, c.X_WC.p.z);
      });
}

}  // namespace deerbench
