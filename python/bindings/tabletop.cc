#include "sim/env/tabletop.h"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/camera.h"
#include "python/bindings/symbolic.h"
#include "python/bindings/tabletop.h"
#include "sim/env/start.h"
#include "sim/physics/world.h"
#include "sim/render/render_scene.h"

namespace py = pybind11;

namespace deerbench {
namespace {

// Evaluation chains begin with the state that its own symbols seed; nothing else may.
uint32_t OtherThanEvaluated(const SymbolicState& state, uint32_t seed) {
  return seed == InitialStateSeed(state) ? seed ^ 1u : seed;
}

ActionType ActionTypeByName(const std::string& name) {
  if (name == "cartesian_rel") return ActionType::kCartesianRelative;
  if (name == "cartesian_abs") return ActionType::kCartesianAbsolute;
  if (name == "joint_rel") return ActionType::kJointRelative;
  if (name == "joint_abs") return ActionType::kJointAbsolute;
  Fail(fmt::format("action type is '{}', expected cartesian_rel, cartesian_abs, joint_rel or joint_abs",
                   name));
}

Look LookByName(const std::string& name) {
  if (name == "own") return Look::kOwn;
  if (name == "pybullet") return Look::kPyBullet;
  Fail(fmt::format("look is '{}', expected 'own' or 'pybullet'", name));
}

py::dict CameraDict(const Camera& camera) {
  py::dict dict;
  dict["width"] = camera.width;
  dict["height"] = camera.height;
  dict["fov_y_deg"] = camera.fov_y_deg;
  dict["near_m"] = camera.near_m;
  dict["far_m"] = camera.far_m;
  dict["intrinsics"] = IntrinsicsArray(camera);
  dict["X_WC"] = ToNumpy(MatrixOf(camera.X_WC), {4, 4});
  return dict;
}

// One picture of each asked kind, in new arrays.
py::dict Draw(PyTabletop& self, const CameraChoice& choice, std::optional<int> width,
              std::optional<int> height, bool rgb, bool depth, bool segmentation, bool matrices) {
  std::vector<uint8_t> colour;
  std::vector<float> metres;
  std::vector<int32_t> bodies;
  Camera camera;
  {
    py::gil_scoped_release release;
    const std::lock_guard lock(self.mutex);
    camera = ChosenCamera(self.tabletop, choice, width, height);
    const size_t pixels = static_cast<size_t>(camera.width) * camera.height;
    if (rgb) colour.resize(pixels * 3);
    if (depth) metres.resize(pixels);
    if (segmentation) bodies.resize(pixels);
    self.tabletop.Render(camera, {.rgb = rgb ? colour.data() : nullptr,
                                  .depth_m = depth ? metres.data() : nullptr,
                                  .segmentation = segmentation ? bodies.data() : nullptr});
  }
  py::dict out;
  if (rgb) out["rgb"] = ToNumpy(std::move(colour), {camera.height, camera.width, 3});
  if (depth) out["depth"] = ToNumpy(std::move(metres), {camera.height, camera.width});
  if (segmentation) out["segmentation"] = ToNumpy(std::move(bodies), {camera.height, camera.width});
  if (matrices) {
    out["intrinsics"] = IntrinsicsArray(camera);
    out["X_WC"] = ToNumpy(MatrixOf(camera.X_WC), {4, 4});
  }
  return out;
}

// Runs `work` on the tabletop with the interpreter free for other threads.
template <typename Work>
auto Alone(PyTabletop& self, Work&& work) {
  py::gil_scoped_release release;
  const std::lock_guard lock(self.mutex);
  return work(self.tabletop);
}

py::bytes ToBytes(std::span<const std::byte> bytes) {
  return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

py::tuple SnapshotState(const Snapshot& snapshot) {
  return py::make_tuple(snapshot.state.version, ToBytes(std::as_bytes(std::span(snapshot.state.values))),
                        ToBytes(snapshot.contacts.bytes));
}

Snapshot SnapshotFromState(const py::tuple& state) {
  Snapshot snapshot;
  snapshot.state.version = state[0].cast<uint32_t>();
  const auto values = state[1].cast<std::string>();
  const auto contacts = state[2].cast<std::string>();
  snapshot.state.values.resize(values.size() / sizeof(double));
  std::memcpy(snapshot.state.values.data(), values.data(), snapshot.state.values.size() * sizeof(double));
  snapshot.contacts.bytes.resize(contacts.size());
  std::memcpy(snapshot.contacts.bytes.data(), contacts.data(), contacts.size());
  return snapshot;
}

}  // namespace

void BindTabletop(py::module_& m) {
  py::class_<TabletopScene>(m, "Scene", "A scene, loaded once and shared by any number of tabletops.")
      .def(py::init(&LoadTabletopScene), py::arg("letter"), py::arg("scenes_dir"), py::arg("assets_dir") = "",
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("name", [](const TabletopScene& scene) { return scene.model->name(); })
      .def(
          "initial_state",
          [](const TabletopScene& scene, const py::dict& state, std::optional<uint32_t> seed) {
            const SymbolicState symbols = SymbolicStateFromDict(state);
            if (!seed) return ToTuple(StartOf(*scene.model, symbols));
            return ToTuple(
                InitialStateFor(symbols, LayoutOf(*scene.model), OtherThanEvaluated(symbols, *seed)));
          },
          py::arg("state"), py::arg("seed") = py::none())
      .def_property_readonly("bodies", [](const TabletopScene& scene) {
        std::vector<std::string> names;
        for (const BodyDescription& body : scene.model->description().bodies) names.push_back(body.name);
        return names;
      });

  py::class_<Snapshot>(m, "Snapshot",
                       "A moment that a tabletop of the same scene continues from with the same bits.")
      .def_property_readonly("version", [](const Snapshot& s) { return s.state.version; })
      .def_property_readonly(
          "values",
          [](const Snapshot& s) { return py::array_t<double>(s.state.values.size(), s.state.values.data()); })
      .def(py::pickle(&SnapshotState, &SnapshotFromState));

  py::class_<PyTabletop>(m, "Tabletop", "A simulated table with its cameras.")
      .def(py::init([](const TabletopScene& scene, std::optional<bool> shadows, std::optional<bool> antialias,
                       std::optional<bool> filter_textures, const std::optional<std::string>& look) {
             py::gil_scoped_release release;
             RenderOptions render = OptionsOf(look ? LookByName(*look) : scene.render->look);
             render.shadows = shadows.value_or(render.shadows);
             render.antialias = antialias.value_or(render.antialias);
             render.filter_textures = filter_textures.value_or(render.filter_textures);
             return std::make_unique<PyTabletop>(scene, TabletopOptions{.render = render});
           }),
           py::arg("scene"), py::kw_only(), py::arg("shadows") = py::none(),
           py::arg("antialias") = py::none(), py::arg("filter_textures") = py::none(),
           py::arg("look") = py::none())
      .def(
          "reset",
          [](PyTabletop& self, const py::object& robot_obs, const py::object& scene_obs, bool fresh) {
            const InitialState state{ToArray<15>(robot_obs, "robot_obs"),
                                     ToArray<24>(scene_obs, "scene_obs")};
            Alone(self, [&](Tabletop& tabletop) {
              if (fresh)
                tabletop.ResetFresh(state);
              else
                tabletop.world().Reset(state.robot_obs, state.scene_obs);
            });
          },
          py::arg("robot_obs"), py::arg("scene_obs"), py::kw_only(), py::arg("fresh") = true)
      .def(
          "step",
          [](PyTabletop& self, const py::object& action, const std::string& type) {
            const std::vector<double> values = ToDoubles(action, "action");
            const ActionType action_type = ActionTypeByName(type);
            Alone(self, [&](Tabletop& tabletop) { tabletop.world().Step(action_type, values); });
          },
          py::arg("action"), py::arg("type") = "cartesian_rel")
      .def("robot_obs",
           [](PyTabletop& self) {
             return ToNumpy(Alone(self, [](Tabletop& tabletop) { return tabletop.world().robot_obs(); }));
           })
      .def("scene_obs",
           [](PyTabletop& self) {
             return ToNumpy(Alone(self, [](Tabletop& tabletop) { return tabletop.world().scene_obs(); }));
           })
      .def("info",
           [](PyTabletop& self) {
             return Alone(self, [](Tabletop& tabletop) { return tabletop.world().Info(); });
           })
      .def(
          "camera",
          [](PyTabletop& self, const std::string& name) {
            return CameraDict(Alone(self, [&](Tabletop& tabletop) { return ChosenCamera(tabletop, name); }));
          },
          py::arg("name"))
      .def("draw", &Draw, py::arg("camera"), py::kw_only(), py::arg("width") = py::none(),
           py::arg("height") = py::none(), py::arg("rgb") = true, py::arg("depth") = false,
           py::arg("segmentation") = false, py::arg("matrices") = false)
      .def("save",
           [](PyTabletop& self) {
             return Alone(self, [](Tabletop& tabletop) { return tabletop.world().Save(); });
           })
      .def(
          "restore",
          [](PyTabletop& self, const Snapshot& snapshot) {
            Alone(self, [&](Tabletop& tabletop) { tabletop.world().Restore(snapshot); });
          },
          py::arg("snapshot"));
}

}  // namespace deerbench
