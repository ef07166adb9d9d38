#include "python/bindings/agent.h"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <chrono>
#include <utility>

#include "base/error.h"
#include "harness/policies/deer/deer_options.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"

namespace py = pybind11;

namespace deerbench {
namespace {

// The bytes of a picture. Throws Error naming it.
std::vector<uint8_t> ToPicture(const py::handle& object, const char* field, int& size) {
  if (!py::isinstance<py::array_t<uint8_t>>(object))
    Fail(fmt::format("obs: {} is no picture, expected uint8 (n, n, 3)", field));
  const auto picture = py::array_t<uint8_t, py::array::c_style>::ensure(object);
  if (!picture || picture.ndim() != 3 || picture.shape(0) != picture.shape(1) || picture.shape(2) != 3)
    Fail(fmt::format("obs: {} is of another shape, expected (n, n, 3)", field));
  size = static_cast<int>(picture.shape(0));
  return {picture.data(), picture.data() + picture.size()};
}

py::object LastStep(const LoadedAgent& agent) {
  const std::optional<LoadedAgent::Last> last = agent.last();
  if (!last) return py::none();
  const Cost& cost = last->step.cost;
  py::dict differences;
  for (const ExitProbe& probe : last->probes) differences[py::int_(probe.layer)] = probe.difference;
  py::dict dict;
  dict["action"] = ToNumpy(last->step.action);
  dict["exit_layer"] = cost.exit_layer;
  dict["layers_run"] = cost.layers_run;
  dict["llm_macs"] = cost.llm_macs;
  dict["total_macs"] = cost.total_macs;
  dict["llm_ms"] = cost.llm_ms;
  dict["latency_ms"] = last->latency_ms;
  dict["differences"] = differences;
  return dict;
}

py::dict MemoryDict(const LoadedAgent& agent) {
  const PolicyMemory memory = agent.memory();
  py::dict dict;
  dict["llm_weights"] = memory.llm_weights_mib;
  dict["all_weights"] = memory.all_weights_mib;
  dict["cuda_peak"] = memory.cuda_peak_mib;
  return dict;
}

}  // namespace

LoadedAgent::LoadedAgent(std::map<std::string, std::string> settings, const Installation& installation) {
  config_ = ConfigForCheckpoint(std::move(settings), installation);
  ResolvePolicy(config_, installation);
  checkpoint_ = OpenCheckpoint(config_.policy_options.at("checkpoint"));
  policy_ = MakeDeerPolicy(config_, installation, EvaluationSentences(config_));
}

void LoadedAgent::Reset(uint64_t seed) {
  const std::lock_guard lock(mutex_);
  last_.reset();
  policy_->Reset(seed);
}

PolicyStep LoadedAgent::Step(const Observation& observation, std::string_view instruction) {
  const std::lock_guard lock(mutex_);
  const auto start = std::chrono::steady_clock::now();
  Last last{.step = policy_->Step(observation, instruction), .probes = policy_->probes(), .latency_ms = 0};
  last.latency_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  last_ = std::move(last);
  return last_->step;
}

std::optional<LoadedAgent::Last> LoadedAgent::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void BindAgent(py::module_& m) {
  py::class_<LoadedAgent>(m, "Agent")
      .def(py::init([](std::map<std::string, std::string> settings, const std::string& models,
                       const std::string& tensor_plugin, const std::string& cuda_plugin) {
             return WithoutInterpreter([&] {
               return std::make_unique<LoadedAgent>(std::move(settings),
                                                    Installation{models, tensor_plugin, cuda_plugin});
             });
           }),
           py::arg("settings"), py::kw_only(), py::arg("models"), py::arg("tensor_plugin"),
           py::arg("cuda_plugin"))
      .def(
          "reset", [](LoadedAgent& self, uint64_t seed) { WithoutInterpreter([&] { self.Reset(seed); }); },
          py::arg("seed"))
      .def(
          "step",
          [](LoadedAgent& self, const py::object& rgb_static, const py::object& rgb_gripper,
             const py::object& robot_obs, const std::string& instruction) {
            Observation observation;
            observation.rgb_static = ToPicture(rgb_static, "rgb_static", observation.static_size);
            observation.rgb_gripper = ToPicture(rgb_gripper, "rgb_gripper", observation.gripper_size);
            observation.robot_obs = ToArray<15>(robot_obs, "obs: robot_obs");
            return ToNumpy(WithoutInterpreter([&] { return self.Step(observation, instruction); }).action);
          },
          py::arg("rgb_static"), py::arg("rgb_gripper"), py::arg("robot_obs"), py::arg("instruction"))
      .def_property_readonly("last_step", &LastStep)
      .def_property_readonly("memory", &MemoryDict)
      .def_property_readonly("options", &LoadedAgent::options)
      .def_property_readonly("checkpoint_sha256", &LoadedAgent::checkpoint_sha256)
      .def_property_readonly("name", [](const LoadedAgent& self) { return self.checkpoint().metadata.name; })
      .def_property_readonly("train_scenes",
                             [](const LoadedAgent& self) { return self.checkpoint().metadata.train_scenes; })
      .def_property_readonly("exit_layers",
                             [](const LoadedAgent& self) { return self.checkpoint().config.ExitLayers(); });
}

}  // namespace deerbench
