#include "sim/tasks/symbolic_state.h"

#include <algorithm>

namespace deerbench {
namespace {

bool IsInitial(const std::array<BlockPlace, 3>& block) {
  const auto blocks_at = [&](BlockPlace place) { return std::ranges::count(block, place); };
  const auto on_table = blocks_at(BlockPlace::kTable);
  return (on_table == 1 || on_table == 2) && blocks_at(BlockPlace::kSliderLeft) < 2 &&
         blocks_at(BlockPlace::kSliderRight) < 2;
}

}  // namespace

std::string_view Name(BlockPlace place) {
  switch (place) {
    case BlockPlace::kTable:
      return "table";
    case BlockPlace::kSliderLeft:
      return "slider_left";
    case BlockPlace::kSliderRight:
      return "slider_right";
  }
  return "";
}

std::vector<SymbolicState> InitialConditions() {
  // Right before left: the order of the values upstream.
  constexpr std::array kPlaces = {BlockPlace::kTable, BlockPlace::kSliderRight, BlockPlace::kSliderLeft};
  std::vector<SymbolicState> states;
  for (const bool led : {false, true})
    for (const bool lightbulb : {false, true})
      for (const bool slider_left : {false, true})
        for (const bool drawer_open : {false, true})
          for (const BlockPlace red : kPlaces)
            for (const BlockPlace blue : kPlaces)
              for (const BlockPlace pink : kPlaces)
                if (IsInitial({red, blue, pink}))
                  states.push_back({led, lightbulb, slider_left, drawer_open, {red, blue, pink}});
  return states;
}

}  // namespace deerbench
