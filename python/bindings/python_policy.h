// A policy written in Python, behind the harness's Policy seam.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "harness/policy.h"

namespace deerbench {

// Wraps any object with reset() (with or without a `seed`) and step(obs, instruction). Create and destroy it
// with the interpreter's lock; the harness calls it without. What the object raises passes through the
// harness as it is, traceback included.
class PythonPolicy final : public Policy {
 public:
  // `needs_images`: the object's attribute of that name, True if it has none.
  explicit PythonPolicy(const pybind11::object& object);

  void Reset(uint64_t seed) override;

  // Shows the object {"rgb_static", "rgb_gripper", "depth_static" and "depth_gripper" if drawn, "robot_obs"},
  // arrays of its own. It returns 7 numbers, or an object with `action` (7 numbers) and what the decision
  // cost in attributes named as the fields of Cost. Throws Error naming the element if that is not what it
  // returned.
  PolicyStep Step(const Observation& observation, std::string_view instruction) override;

  bool needs_images() const override { return needs_images_; }

 private:
  pybind11::object reset_, step_;
  bool reset_takes_seed_ = false;
  bool needs_images_ = true;
};

}  // namespace deerbench
