// Demonstrations on disk: reading, writing, pictures.
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "datasets/demo_file.h"
#include "datasets/frame_loader.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "sim/env/env_version.h"
#include "sim/physics/world_state.h"

namespace py = pybind11;

namespace deerbench {
namespace {

// Rows of fixed length as an (N, kSize) array.
template <size_t kSize>
py::array_t<double> Rows(const std::vector<std::array<double, kSize>>& rows) {
  std::vector<double> flat;
  flat.reserve(rows.size() * kSize);
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return ToNumpy(std::move(flat), {static_cast<py::ssize_t>(rows.size()), static_cast<py::ssize_t>(kSize)});
}

// An array of `columns` columns, as rows of doubles. Throws Error naming `field`.
std::vector<std::vector<double>> ToRows(const py::handle& object, py::ssize_t columns, const char* field) {
  using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;
  const auto array = Array::ensure(object);
  if (!array) {
    PyErr_Clear();
    Fail(fmt::format("{}: expected an array of numbers", field));
  }
  if (array.ndim() != 2 || array.shape(1) != columns)
    Fail(fmt::format("{}: expected an array of shape (steps, {})", field, columns));
  std::vector<std::vector<double>> rows;
  for (py::ssize_t t = 0; t < array.shape(0); ++t)
    rows.emplace_back(array.data(t, 0), array.data(t, 0) + columns);
  return rows;
}

template <size_t kSize>
std::vector<std::array<double, kSize>> ToFixedRows(const py::dict& dict, const char* field) {
  std::vector<std::array<double, kSize>> out;
  for (const std::vector<double>& row : ToRows(dict[field], kSize, field))
    std::copy(row.begin(), row.end(), out.emplace_back().begin());
  return out;
}

py::dict ToDict(const DemoInfo& info) {
  py::dict dict;
  dict["task"] = std::string(Tasks()[static_cast<size_t>(info.task)].name);
  dict["sentence"] = info.sentence;
  dict["scene"] = info.scene;
  dict["source"] = info.source;
  dict["seed"] = info.seed;
  dict["unit"] = info.unit;
  dict["part"] = info.part;
  dict["success"] = info.success;
  dict["length"] = info.length;
  dict["moments"] = info.moments;
  dict["has_states"] = info.has_states;
  dict["stored"] = info.stored;
  return dict;
}

DemoInfo InfoFromDict(const py::dict& dict) {
  DemoInfo info;
  info.task = TaskByName(dict["task"].cast<std::string>());
  info.sentence = dict["sentence"].cast<std::string>();
  info.scene = dict["scene"].cast<std::string>();
  info.source = dict["source"].cast<std::string>();
  info.seed = dict["seed"].cast<uint64_t>();
  info.unit = dict["unit"].cast<int64_t>();
  info.part = dict["part"].cast<int>();
  info.success = dict["success"].cast<bool>();
  info.length = dict["length"].cast<int>();
  return info;
}

py::object StatesArray(const std::vector<WorldState>& states) {
  if (states.empty()) return py::none();
  std::vector<double> flat;
  for (const WorldState& state : states) flat.insert(flat.end(), state.values.begin(), state.values.end());
  return ToNumpy(std::move(flat),
                 {static_cast<py::ssize_t>(states.size()), static_cast<py::ssize_t>(kStateSize)});
}

std::vector<WorldState> StatesFrom(const py::handle& object) {
  std::vector<WorldState> states;
  if (object.is_none()) return states;
  for (std::vector<double>& row : ToRows(object, kStateSize, "states"))
    states.push_back({.version = WorldState::kVersion, .values = std::move(row)});
  return states;
}

py::array StoredToNumpy(const StoredArray& array) {
  const std::vector<py::ssize_t> shape(array.shape.begin(), array.shape.end());
  py::array out(py::dtype(std::string(NameOf(array.type))), shape);
  std::memcpy(out.mutable_data(), array.bytes.data(), array.bytes.size());
  return out;
}

StoredArray StoredFrom(const std::string& name, const py::handle& object) {
  const py::array array = py::array::ensure(object, py::array::c_style);
  if (!array) {
    PyErr_Clear();
    Fail(fmt::format("{}: expected an array", name));
  }
  StoredArray out{.name = name, .type = StoredType::kU8, .shape = {}, .bytes = {}};
  out.type = StoredTypeByName(py::str(array.dtype()).cast<std::string>());
  for (py::ssize_t i = 0; i < array.ndim(); ++i) out.shape.push_back(static_cast<uint64_t>(array.shape(i)));
  out.bytes.resize(static_cast<size_t>(array.nbytes()));
  if (!out.bytes.empty()) std::memcpy(out.bytes.data(), array.data(), out.bytes.size());
  return out;
}

py::dict ReadDemo(const DemoReader& reader, int demo) {
  const Demonstration whole = WithoutInterpreter([&] { return reader.Read(demo); });
  py::dict dict = ToDict(whole.info);
  dict["actions"] = Rows(whole.actions);
  dict["executed_actions"] = Rows(whole.executed);
  dict["labelled"] = py::array_t<uint8_t>(whole.labelled.size(), whole.labelled.data());
  dict["robot_obs"] = Rows(whole.robot_obs);
  dict["scene_obs"] = Rows(whole.scene_obs);
  dict["states"] = StatesArray(whole.states);
  dict["start_contacts"] = py::bytes(reinterpret_cast<const char*>(whole.start_contacts.bytes.data()),
                                     whole.start_contacts.bytes.size());
  return dict;
}

Demonstration DemoFrom(const py::dict& dict, const py::dict& stored) {
  Demonstration demo;
  demo.info = InfoFromDict(dict);
  demo.actions = ToFixedRows<7>(dict, "actions");
  demo.executed = ToFixedRows<7>(dict, "executed_actions");
  demo.labelled = dict["labelled"].cast<std::vector<uint8_t>>();
  demo.robot_obs = ToFixedRows<15>(dict, "robot_obs");
  demo.scene_obs = ToFixedRows<24>(dict, "scene_obs");
  demo.states = StatesFrom(dict["states"]);
  const auto contacts = dict["start_contacts"].cast<std::string>();
  demo.start_contacts.bytes.resize(contacts.size());
  if (!contacts.empty()) std::memcpy(demo.start_contacts.bytes.data(), contacts.data(), contacts.size());
  for (const auto& [name, array] : stored) demo.stored.push_back(StoredFrom(name.cast<std::string>(), array));
  return demo;
}

// One call at a time: see FrameLoader.
struct PyFrameLoader {
  PyFrameLoader(const std::shared_ptr<DemoReader>& reader, const std::string& scenes_dir,
                const std::string& assets_dir, int threads, bool draw)
      : loader(reader, LoadScenesOf(*reader, scenes_dir, assets_dir), {.threads = threads, .draw = draw}) {}
  FrameLoader loader;
  std::mutex mutex;
};

py::dict LoadFrames(PyFrameLoader& self, const std::vector<std::pair<int, int>>& moments, bool rgb_static,
                    bool rgb_gripper) {
  std::vector<FrameRef> frames;
  for (const auto& [demo, step] : moments) frames.push_back({.demo = demo, .step = step});
  std::vector<uint8_t> on_table(rgb_static ? frames.size() * FrameLoader::kStaticBytes : 0);
  std::vector<uint8_t> on_gripper(rgb_gripper ? frames.size() * FrameLoader::kGripperBytes : 0);
  WithoutInterpreter([&] {
    const std::lock_guard lock(self.mutex);
    self.loader.Load(frames, {.rgb_static = rgb_static ? on_table.data() : nullptr,
                              .rgb_gripper = rgb_gripper ? on_gripper.data() : nullptr});
  });
  const auto n = static_cast<py::ssize_t>(frames.size());
  py::dict out;
  if (rgb_static) {
    out["rgb_static"] =
        ToNumpy(std::move(on_table), {n, FrameLoader::kStaticSize, FrameLoader::kStaticSize, 3});
  }
  if (rgb_gripper) {
    out["rgb_gripper"] =
        ToNumpy(std::move(on_gripper), {n, FrameLoader::kGripperSize, FrameLoader::kGripperSize, 3});
  }
  return out;
}

}  // namespace

void BindDemos(py::module_& m) {
  m.attr("ENV_VERSION") = kEnvVersion;

  py::class_<DemoReader, std::shared_ptr<DemoReader>>(m, "DemoReader", "A file of demonstrations.")
      .def(py::init([](const std::string& path) {
             return WithoutInterpreter([&] { return std::make_shared<DemoReader>(path); });
           }),
           py::arg("path"))
      .def_property_readonly("path", [](const DemoReader& self) { return self.path().string(); })
      .def_property_readonly("env_version", [](const DemoReader& self) { return self.info().env_version; })
      .def_property_readonly("program_version",
                             [](const DemoReader& self) { return self.info().program_version; })
      .def_property_readonly("settings", [](const DemoReader& self) { return self.info().settings; })
      .def("__len__", &DemoReader::size)
      .def(
          "info",
          [](const DemoReader& self, int demo) {
            if (demo < 0 || demo >= self.size())
              Fail(fmt::format("{}: demonstration {} was asked for, expected 0 to {}", self.path().string(),
                               demo, self.size() - 1));
            return ToDict(self.demos()[static_cast<size_t>(demo)]);
          },
          py::arg("demo"))
      .def("read", &ReadDemo, py::arg("demo"))
      .def(
          "read_stored",
          [](const DemoReader& self, int demo, const std::string& name) {
            return StoredToNumpy(WithoutInterpreter([&] { return self.ReadStored(demo, name); }));
          },
          py::arg("demo"), py::arg("name"))
      .def("digest", &DemoReader::Digest);

  py::class_<DemoWriter>(m, "DemoWriter", "Appends demonstrations to a file.")
      .def_static(
          "create",
          [](const std::string& path, const std::string& settings) {
            return std::make_unique<DemoWriter>(DemoWriter::Create(path, settings));
          },
          py::arg("path"), py::arg("settings"))
      .def_static(
          "append_to",
          [](const std::string& path) { return std::make_unique<DemoWriter>(DemoWriter::Append(path)); },
          py::arg("path"))
      .def("__len__", [](const DemoWriter& self) { return self.demos().size(); })
      .def(
          "append",
          [](DemoWriter& self, const py::dict& demo, const py::dict& stored) {
            const Demonstration whole = DemoFrom(demo, stored);
            WithoutInterpreter([&] { self.Append(whole); });
          },
          py::arg("demo"), py::arg("stored"));

  py::class_<PyFrameLoader>(m, "FrameLoader", "Pictures of a file's demonstrations.")
      .def(py::init([](const std::shared_ptr<DemoReader>& reader, const std::string& scenes_dir,
                       const std::string& assets_dir, int threads, bool draw) {
             py::gil_scoped_release release;
             return std::make_unique<PyFrameLoader>(reader, scenes_dir, assets_dir, threads, draw);
           }),
           py::arg("reader"), py::arg("scenes_dir"), py::kw_only(), py::arg("assets_dir") = "",
           py::arg("threads") = 2, py::arg("draw") = false)
      .def("load", &LoadFrames, py::arg("moments"), py::kw_only(), py::arg("rgb_static") = true,
           py::arg("rgb_gripper") = true);

  m.def(
      "observations_of",
      [](const TabletopScene& scene, const py::object& states) {
        std::vector<RobotObs> robot_obs;
        std::vector<SceneObs> scene_obs;
        for (const WorldState& state : StatesFrom(states)) {
          const InitialState seen = ToInitialState(*scene.model, state);
          robot_obs.push_back(seen.robot_obs);
          scene_obs.push_back(seen.scene_obs);
        }
        return py::make_tuple(Rows(robot_obs), Rows(scene_obs));
      },
      py::arg("scene"), py::arg("states"));
}

}  // namespace deerbench
