#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "python/bindings/arrays.h"
#include "python/bindings/batch_buffer.h"
#include "python/bindings/bindings.h"
#include "python/bindings/expert.h"
#include "sim/env/tabletop_batch.h"
#include "sim/tasks/oracle.h"

namespace py = pybind11;

namespace deerbench {
namespace {

// Puts a row into a state, then lets the expert prepare it.
struct RowStart {
  int row = 0;
  InitialState state;
  std::vector<TaskId> preparation;
  uint64_t expert_seed = 0;
};

std::vector<BatchField> FieldsOf(const SceneModel& model, int size, const std::vector<std::string>& cameras,
                                 bool depth) {
  const auto n = static_cast<size_t>(size);
  std::vector<BatchField> fields;
  for (const std::string& name : cameras) {
    if (name != "static" && name != "gripper")
      Fail(fmt::format("camera is '{}', expected 'static' or 'gripper'", name));
    const Camera camera = name == "static" ? model.static_camera() : model.gripper_camera({});
    const auto height = static_cast<size_t>(camera.height), width = static_cast<size_t>(camera.width);
    fields.push_back({"rgb_" + name, BatchField::Type::kUint8, {n, height, width, 3}});
    if (depth) fields.push_back({"depth_" + name, BatchField::Type::kFloat32, {n, height, width}});
  }
  fields.push_back({"robot_obs", BatchField::Type::kFloat64, {n, 15}});
  fields.push_back({"scene_obs", BatchField::Type::kFloat64, {n, 24}});
  return fields;
}

class PyBatch {
 public:
  PyBatch(const TabletopScene& scene, const TabletopBatchOptions& options,
          const std::vector<std::string>& cameras, bool depth)
      : batch_(scene, options),
        buffers_(FieldsOf(*scene.model, options.size, cameras, depth)),
        starts_(static_cast<size_t>(options.size)),
        completed_(starts_.size()) {}

  int size() const { return batch_.size(); }
  int threads() const { return batch_.threads(); }
  std::shared_ptr<BatchBuffer> Take() { return buffers_.Take(); }

  // Why each of `resets` failed; nothing for those that did not.
  std::vector<std::string> Advance(const BatchBuffer& out, std::span<const RelativeAction> actions,
                                   const std::vector<int>& steps, const std::vector<RowStart>& resets,
                                   const std::vector<int>& still) {
    const std::lock_guard lock(mutex_);
    // Resets take longest: whoever begins them last would be waited for.
    std::vector<int> rows;
    std::vector<const RowStart*> start_of(starts_.size(), nullptr);
    for (const RowStart& reset : resets) {
      rows.push_back(reset.row);
      start_of[static_cast<size_t>(reset.row)] = &reset;
    }
    rows.insert(rows.end(), steps.begin(), steps.end());
    rows.insert(rows.end(), still.begin(), still.end());
    RequireDistinct(rows);
    std::vector<bool> is_still(starts_.size(), false);
    for (const int row : still) is_still[static_cast<size_t>(row)] = true;

    std::vector<std::string> reasons(starts_.size());
    batch_.ForEach(
        rows,
        [&](int row) {
          const auto i = static_cast<size_t>(row);
          if (is_still[i]) return true;
          if (start_of[i] != nullptr) {
            reasons[i] = Start(*start_of[i]);
            if (!reasons[i].empty()) return false;
            starts_[i] = batch_.world(row).Info();
          } else {
            batch_.world(row).Step(actions[i]);
          }
          completed_[i] = CompletedTasks(starts_[i], batch_.world(row).Info());
          return true;
        },
        out.view());
    std::vector<std::string> failures;
    for (const RowStart& reset : resets) failures.push_back(reasons[static_cast<size_t>(reset.row)]);
    return failures;
  }

  std::vector<std::vector<TaskId>> Completed() {
    const std::lock_guard lock(mutex_);
    return completed_;
  }

  Snapshot Save(int row) {
    const std::lock_guard lock(mutex_);
    RequireDistinct({row});
    return batch_.world(row).Save();
  }

 private:
  std::string Start(const RowStart& start) {
    batch_.ResetFresh(start.row, start.state);
    for (const TaskId task : start.preparation) {
      std::string reason = RunExpert(batch_.world(start.row), batch_.scene().model, task, start.expert_seed);
      if (!reason.empty()) return reason;
    }
    return "";
  }

  void RequireDistinct(std::vector<int> rows) const {
    std::ranges::sort(rows);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] < 0 || rows[i] >= size())
        Fail(fmt::format("row is {}, expected 0 to {}", rows[i], size() - 1));
      if (i > 0 && rows[i] == rows[i - 1]) Fail(fmt::format("row {} is there twice", rows[i]));
    }
  }

  TabletopBatch batch_;
  BatchBufferPool buffers_;
  std::vector<SceneInfo> starts_;               // by row: the moment of its last reset
  std::vector<std::vector<TaskId>> completed_;  // by row, since then
  std::mutex mutex_;                            // two Python threads may meet here: they take turns
};

// The buffer as numpy arrays, which keep it alive.
py::dict ToArrays(const std::shared_ptr<BatchBuffer>& buffer) {
  const py::object owner = py::cast(buffer);
  py::dict arrays;
  for (const BatchField& field : buffer->fields()) {
    const py::dtype type = field.type == BatchField::Type::kUint8     ? py::dtype::of<uint8_t>()
                           : field.type == BatchField::Type::kFloat32 ? py::dtype::of<float>()
                                                                      : py::dtype::of<double>();
    const std::vector<py::ssize_t> shape(field.shape.begin(), field.shape.end());
    arrays[field.name.c_str()] = py::array(type, shape, buffer->Find(field.name), owner);
  }
  return arrays;
}

using StartTuple = std::tuple<int, py::object, py::object, std::vector<std::string>, uint64_t>;

std::vector<RowStart> ToStarts(const std::vector<StartTuple>& tuples) {
  std::vector<RowStart> starts;
  for (const auto& [row, robot_obs, scene_obs, preparation, seed] : tuples) {
    RowStart start{.row = row,
                   .state = {ToArray<15>(robot_obs, "robot_obs"), ToArray<24>(scene_obs, "scene_obs")},
                   .preparation = {},
                   .expert_seed = seed};
    for (const std::string& task : preparation) start.preparation.push_back(TaskByName(task));
    starts.push_back(std::move(start));
  }
  return starts;
}

using Actions = py::array_t<double, py::array::c_style | py::array::forcecast>;

std::vector<RelativeAction> ToActions(const Actions& array, int size) {
  if (array.ndim() != 2 || array.shape(0) != size || array.shape(1) != 7)
    Fail(fmt::format("actions are of another shape, expected ({}, 7)", size));
  std::vector<RelativeAction> actions(static_cast<size_t>(size));
  for (size_t i = 0; i < actions.size(); ++i) std::copy_n(array.data() + 7 * i, 7, actions[i].begin());
  return actions;
}

}  // namespace

void BindBatch(py::module_& m) {
  py::class_<BatchBuffer, std::shared_ptr<BatchBuffer>>(m, "BatchBuffer",
                                                        "Where a batch of worlds is observed.")
      .def("arrays", &ToArrays);

  py::class_<PyBatch>(m, "TabletopBatch", "Many tables of one scene on threads of their own.")
      .def(py::init([](const TabletopScene& scene, int size, int threads,
                       const std::vector<std::string>& cameras, bool depth) {
             py::gil_scoped_release release;
             return std::make_unique<PyBatch>(
                 scene, TabletopBatchOptions{.size = size, .threads = threads, .render = {}}, cameras, depth);
           }),
           py::arg("scene"), py::arg("size"), py::kw_only(), py::arg("threads") = 0, py::arg("cameras"),
           py::arg("depth") = false)
      .def_property_readonly("threads", &PyBatch::threads)
      .def("take", &PyBatch::Take)
      .def(
          "advance",
          [](PyBatch& self, const BatchBuffer& out, const Actions& actions, const std::vector<int>& steps,
             const std::vector<StartTuple>& resets, const std::vector<int>& still) {
            const std::vector<RelativeAction> rows = ToActions(actions, self.size());
            const std::vector<RowStart> starts = ToStarts(resets);
            py::gil_scoped_release release;
            return self.Advance(out, rows, steps, starts, still);
          },
          py::arg("out"), py::arg("actions"), py::arg("steps"), py::arg("resets"), py::arg("still"))
      .def("completed",
           [](PyBatch& self) {
             py::list rows;
             for (const std::vector<TaskId>& tasks : WithoutInterpreter([&] { return self.Completed(); })) {
               py::list names;
               for (const TaskId task : tasks) names.append(std::string(Tasks()[task].name));
               rows.append(names);
             }
             return rows;
           })
      .def(
          "save", [](PyBatch& self, int row) { return self.Save(row); }, py::arg("row"),
          py::call_guard<py::gil_scoped_release>());
}

}  // namespace deerbench
