// The start of a chain as CALVIN's generator sees it: symbols, no metres.
// Source: calvin_models/calvin_agent/evaluation/multistep_sequences.py.
#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace deerbench {

enum class BlockPlace { kTable, kSliderLeft, kSliderRight };

// Symbolic initial condition; fields in CALVIN's order.
struct SymbolicState {
  bool led = false;
  bool lightbulb = false;
  bool slider_left = false;              // else right
  bool drawer_open = false;              // else closed
  std::array<BlockPlace, 3> block = {};  // by BlockColor
  // `grasped` is always 0 in initial conditions.
  friend bool operator==(const SymbolicState&, const SymbolicState&) = default;
};

// CALVIN's word for a place: "table", "slider_left" or "slider_right".
std::string_view Name(BlockPlace place);

// The 192 initial conditions of CALVIN's chains, in its order: one or two blocks on the table, the others on
// the slider's shelf, at most one at each end.
std::vector<SymbolicState> InitialConditions();

}  // namespace deerbench
