// How the chains of a run began: what must be the same of two runs before one chain can be held against
// another.
#pragma once

#include <optional>
#include <string>

namespace deerbench {

struct RunStart {
  std::string chain_set, scene;
  bool foreign_assets = false;  // CALVIN's scenes in the place of ours
};

// Something that is not as expected, in words.
struct StartDifference {
  std::string what, value, expected;
};

// The first thing in which `now` began otherwise than `base`, or nothing.
inline std::optional<StartDifference> DifferenceOf(const RunStart& now, const RunStart& base) {
  const auto assets = [](const RunStart& start) {
    return start.foreign_assets ? "CALVIN's assets" : "our own";
  };
  if (now.chain_set != base.chain_set) return StartDifference{"chain set", now.chain_set, base.chain_set};
  if (now.scene != base.scene) return StartDifference{"scene", now.scene, base.scene};
  if (now.foreign_assets != base.foreign_assets)
    return StartDifference{"scenes of", assets(now), assets(base)};
  return std::nullopt;
}

}  // namespace deerbench
