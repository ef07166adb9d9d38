#include "python/bindings/symbolic.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "python/bindings/arrays.h"

namespace py = pybind11;

namespace deerbench {
namespace {

constexpr std::array<const char*, 3> kBlockKeys = {"red_block", "blue_block", "pink_block"};

py::object Value(const py::dict& dict, const char* key) {
  if (!dict.contains(key)) Fail(fmt::format("state has no '{}'", key));
  return dict[key];
}

std::string Repr(const py::handle& object) { return py::str(py::repr(object)); }

bool Switch(const py::dict& dict, const char* key) {
  const py::object value = Value(dict, key);
  if (value.equal(py::int_(1))) return true;
  if (value.equal(py::int_(0))) return false;
  Fail(fmt::format("state['{}'] is {}, expected 0 or 1", key, Repr(value)));
}

bool OneOf(const py::dict& dict, const char* key, const char* yes, const char* no) {
  const py::object value = Value(dict, key);
  if (value.equal(py::str(yes))) return true;
  if (value.equal(py::str(no))) return false;
  Fail(fmt::format("state['{}'] is {}, expected '{}' or '{}'", key, Repr(value), yes, no));
}

BlockPlace Place(const py::dict& dict, const char* key) {
  const py::object value = Value(dict, key);
  for (const BlockPlace place : {BlockPlace::kTable, BlockPlace::kSliderLeft, BlockPlace::kSliderRight}) {
    if (value.equal(py::str(std::string(Name(place))))) return place;
  }
  Fail(fmt::format("state['{}'] is {}, expected 'table', 'slider_left' or 'slider_right'", key, Repr(value)));
}

}  // namespace

py::dict ToDict(const SymbolicState& state) {
  py::dict dict;
  dict["led"] = int{state.led};
  dict["lightbulb"] = int{state.lightbulb};
  dict["slider"] = state.slider_left ? "left" : "right";
  dict["drawer"] = state.drawer_open ? "open" : "closed";
  for (size_t block = 0; block < kBlockKeys.size(); ++block) {
    dict[kBlockKeys[block]] = std::string(Name(state.block[block]));
  }
  dict["grasped"] = 0;
  return dict;
}

py::dict ToDict(const Chain& chain) {
  py::list tasks;
  for (const TaskId task : chain.tasks) tasks.append(std::string(Tasks()[task].name));
  py::dict dict;
  dict["state"] = ToDict(chain.state);
  dict["tasks"] = std::move(tasks);
  return dict;
}

Chain ChainFromDict(const py::dict& dict) {
  Chain chain{SymbolicStateFromDict(dict["state"]), {}};
  const auto tasks = dict["tasks"].cast<py::sequence>();
  if (tasks.size() != chain.tasks.size())
    Fail(fmt::format("tasks has {} elements, expected {}", tasks.size(), chain.tasks.size()));
  for (size_t i = 0; i < chain.tasks.size(); ++i) chain.tasks[i] = TaskByName(tasks[i].cast<std::string>());
  return chain;
}

py::tuple ToTuple(const InitialState& state) {
  return py::make_tuple(ToNumpy(state.robot_obs), ToNumpy(state.scene_obs));
}

SymbolicState SymbolicStateFromDict(const py::dict& dict) {
  SymbolicState state;
  state.led = Switch(dict, "led");
  state.lightbulb = Switch(dict, "lightbulb");
  state.slider_left = OneOf(dict, "slider", "left", "right");
  state.drawer_open = OneOf(dict, "drawer", "open", "closed");
  for (size_t block = 0; block < kBlockKeys.size(); ++block)
    state.block[block] = Place(dict, kBlockKeys[block]);
  size_t known = 4 + kBlockKeys.size();
  if (dict.contains("grasped")) {
    if (Switch(dict, "grasped")) Fail("state['grasped'] is 1, expected 0: a chain begins with an empty hand");
    ++known;
  }
  if (dict.size() != known) {
    const py::dict expected = ToDict(state);
    for (const auto& [key, value] : dict) {
      if (!expected.contains(key)) Fail(fmt::format("state has an unknown key {}", Repr(key)));
    }
  }
  return state;
}

}  // namespace deerbench
