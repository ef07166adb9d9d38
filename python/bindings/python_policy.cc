#include "python/bindings/python_policy.h"

#include <fmt/format.h>

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

template <typename T>
void ReadField(const py::object& step, const char* name, T& field) {
  if (!py::hasattr(step, name)) return;
  const py::object value = step.attr(name);
  try {
    field = value.cast<T>();
  } catch (const py::cast_error&) {
    Fail(fmt::format("policy: {} is {}, expected a {}", name, std::string(py::str(py::repr(value))),
                     std::is_floating_point_v<T> ? "number" : "whole number"));
  }
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
  ReadField(returned, "exit_layer", step.cost.exit_layer);
  ReadField(returned, "layers_run", step.cost.layers_run);
  ReadField(returned, "llm_macs", step.cost.llm_macs);
  ReadField(returned, "total_macs", step.cost.total_macs);
  ReadField(returned, "llm_ms", step.cost.llm_ms);
  return step;
}

}  // namespace deerbench
