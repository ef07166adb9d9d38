#include "sim/render/batch_renderer.h"

#include <pybind11/stl.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/camera.h"
#include "sim/physics/world.h"
#include "sim/render/render_scene.h"

namespace py = pybind11;

namespace deerbench {
namespace {

struct PyBatchRenderer {
  PyBatchRenderer(const TabletopScene& of, int threads)
      : scene(of), renderer(of.render, OptionsOf(of.render->look), threads == 0 ? UsableCores() : threads) {}
  TabletopScene scene;
  BatchRenderer renderer;
  std::mutex mutex;  // two Python threads may meet here: they take turns
};

// One camera's pictures of all worlds.
struct Pictures {
  int width = 0, height = 0;
  std::vector<Camera> cameras;  // by world
  std::vector<uint8_t> rgb;
  std::vector<float> depth_m;
  std::vector<int32_t> segmentation;

  size_t pixels() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
};

std::vector<Pictures> DrawAll(PyBatchRenderer& self, const std::vector<PyTabletop*>& tabletops,
                              const std::vector<CameraChoice>& choices, bool rgb, bool depth,
                              bool segmentation) {
  std::vector<SceneState> states;
  std::vector<Pictures> all(choices.size());
  for (PyTabletop* tabletop : tabletops) {
    const std::lock_guard lock(tabletop->mutex);
    if (tabletop->tabletop.scene().render != self.scene.render)
      Fail("tabletop is of another scene than the batch renderer");
    states.push_back(tabletop->tabletop.world().scene_state());
    for (size_t c = 0; c < choices.size(); ++c)
      all[c].cameras.push_back(ChosenCamera(tabletop->tabletop, choices[c]));
  }
  if (states.empty()) Fail("no tabletops to draw, expected at least one");
  for (Pictures& one : all) {
    one.width = one.cameras[0].width;
    one.height = one.cameras[0].height;
    const size_t pixels = one.pixels() * states.size();
    if (rgb) one.rgb.resize(3 * pixels);
    if (depth) one.depth_m.resize(pixels);
    if (segmentation) one.segmentation.resize(pixels);
  }
  std::vector<RenderJob> jobs;
  for (size_t i = 0; i < states.size(); ++i) {
    for (Pictures& one : all) {
      const size_t pixel = one.pixels() * i;
      jobs.push_back({&states[i],
                      one.cameras[i],
                      {.rgb = rgb ? &one.rgb[3 * pixel] : nullptr,
                       .depth_m = depth ? &one.depth_m[pixel] : nullptr,
                       .segmentation = segmentation ? &one.segmentation[pixel] : nullptr}});
    }
  }
  const std::lock_guard lock(self.mutex);
  self.renderer.Render(jobs);
  return all;
}

py::list Draw(PyBatchRenderer& self, const std::vector<PyTabletop*>& tabletops,
              const std::vector<CameraChoice>& choices, bool rgb, bool depth, bool segmentation,
              bool matrices) {
  for (const PyTabletop* tabletop : tabletops) {
    if (!tabletop) Fail("tabletop is None, expected a Tabletop");
  }
  std::vector<Pictures> all =
      WithoutInterpreter([&] { return DrawAll(self, tabletops, choices, rgb, depth, segmentation); });
  const auto n = static_cast<py::ssize_t>(tabletops.size());
  py::list out;
  for (Pictures& one : all) {
    py::dict dict;
    if (rgb) dict["rgb"] = ToNumpy(std::move(one.rgb), {n, one.height, one.width, 3});
    if (depth) dict["depth"] = ToNumpy(std::move(one.depth_m), {n, one.height, one.width});
    if (segmentation) dict["segmentation"] = ToNumpy(std::move(one.segmentation), {n, one.height, one.width});
    if (matrices) {
      std::vector<double> poses;
      for (const Camera& camera : one.cameras) {
        const std::vector<double> X = MatrixOf(camera.X_WC);
        poses.insert(poses.end(), X.begin(), X.end());
      }
      dict["intrinsics"] = IntrinsicsArray(one.cameras[0]);
      dict["X_WC"] = ToNumpy(std::move(poses), {n, 4, 4});
    }
    out.append(std::move(dict));
  }
  return out;
}

}  // namespace

void BindBatchRenderer(py::module_& m) {
  py::class_<PyBatchRenderer>(m, "BatchRenderer", "Draws many tabletops of one scene on threads of its own.")
      .def(py::init<const TabletopScene&, int>(), py::arg("scene"), py::kw_only(), py::arg("threads") = 0,
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("threads", [](const PyBatchRenderer& self) { return self.renderer.threads(); })
      .def("draw", &Draw, py::arg("tabletops"), py::arg("cameras"), py::kw_only(), py::arg("rgb") = true,
           py::arg("depth") = false, py::arg("segmentation") = false, py::arg("matrices") = false);
}

}  // namespace deerbench
