#include "python/bindings/python_policy.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <type_traits>

#include "base/error.h"
#include "python/bindings/arrays.h"

namespace py = pybind11;

namespace deerbench {
namespace {

py::object Method(const py::object& object, const char* name) {
  const std::string type = py::str(py::type::of(object).attr("__name__"));
  if (!py::hasattr(object, name))
    Fail(fmt::format("policy: {} has no {}(), expected reset() and step(obs, instruction)", type, name));
  py::object method = object.attr(name);
  if (!PyCallable_Check(method.ptr())) Fail(fmt::format("policy: {}.{} is not a method", type, name));
  return method;
}

bool TakesSeed(const py::object& method) {
  try {
    const py::object parameters = py::module_::import("inspect").attr("signature")(method).attr("parameters");
    return parameters.contains("seed");
  } catch (const py::error_already_set& error) {
    // Some callables written in C have no signature.
    if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError)) throw;
    return false;
  }
}

template <typename T>
py::array_t<T> Copy(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
  return py::array_t<T>(std::move(shape), values.data());
}

py::dict ToDict(const Observation& o) {
  py::dict dict;
  if (!o.rgb_static.empty()) dict["rgb_static"] = Copy(o.rgb_static, {o.static_size, o.static_size, 3});
  if (!o.rgb_gripper.empty()) dict["rgb_gripper"] = Copy(o.rgb_gripper, {o.gripper_size, o.gripper_size, 3});
  if (!o.depth_static.empty()) dict["depth_static"] = Copy(o.depth_static, {o.static_size, o.static_size});
  if (!o.depth_gripper.empty())
    dict["depth_gripper"] = Copy(o.depth_gripper, {o.gripper_size, o.gripper_size});
  dict["robot_obs"] = ToNumpy(o.robot_obs);
  return dict;
}

constexpr int64_t kMostLayers = 1'000'000;
constexpr int64_t kMostMacs = 10'000'000'000'000'000;  // of a step: a chain's steps add up in 64 bits
constexpr double kMost_ms = 1e9;

// Sets `field` to the step's attribute of that name, if it has one.
template <typename Number, typename T>
void ReadField(const py::object& step, const char* name, Number least, Number greatest, T& field) {
  if (!py::hasattr(step, name)) return;
  const py::object value = step.attr(name);
  std::optional<Number> number;
  try {
    number = value.cast<Number>();
  } catch (const py::cast_error&) {  // refused below
  }
  if (!number || !(*number >= least && *number <= greatest))
    Fail(fmt::format("policy: {} is {}, expected a {} from {} to {}", name,
                     std::string(py::str(py::repr(value))),
                     std::is_floating_point_v<Number> ? "number" : "whole number", least, greatest));
  field = static_cast<T>(*number);
}

}  // namespace

PythonPolicy::PythonPolicy(const py::object& object)
    : reset_(Method(object, "reset")), step_(Method(object, "step")), reset_takes_seed_(TakesSeed(reset_)) {
  if (py::hasattr(object, "needs_images")) needs_images_ = py::bool_(object.attr("needs_images"));
}

void PythonPolicy::Reset(uint64_t seed) {
  py::gil_scoped_acquire acquire;
  if (reset_takes_seed_)
    reset_(py::arg("seed") = seed);
  else
    reset_();
}

PolicyStep PythonPolicy::Step(const Observation& observation, std::string_view instruction) {
  py::gil_scoped_acquire acquire;
  const py::object returned = step_(ToDict(observation), py::str(instruction.data(), instruction.size()));
  PolicyStep step;
  if (!py::hasattr(returned, "action")) {
    step.action = ToArray<7>(returned, "action");
    return step;
  }
  step.action = ToArray<7>(returned.attr("action"), "action");
  ReadField<int64_t>(returned, "exit_layer", -1, kMostLayers, step.cost.exit_layer);
  ReadField<int64_t>(returned, "layers_run", 0, kMostLayers, step.cost.layers_run);
  ReadField<int64_t>(returned, "llm_macs", 0, kMostMacs, step.cost.llm_macs);
  ReadField<int64_t>(returned, "total_macs", 0, kMostMacs, step.cost.total_macs);
  ReadField<double>(returned, "llm_ms", 0, kMost_ms, step.cost.llm_ms);
  return step;
}

}  // namespace deerbench
