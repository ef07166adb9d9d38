#include "tests/datasets/example_demos.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"

namespace deerbench::test {

Demonstration ExampleDemo(int length, uint64_t seed) {
  SplitMix64 random(seed);
  const auto fill = [&](auto& row) {
    for (double& value : row) value = 2 * random.Uniform() - 1;
  };
  Demonstration demo;
  demo.info = {.task = static_cast<TaskId>(random.Below(kTaskCount)),
               .sentence = "take the block number " + std::to_string(seed),
               .scene = "D",
               .source = "expert",
               .seed = random.Next(),
               .unit = static_cast<int64_t>(seed),
               .part = 2,
               .success = seed % 2 == 0,
               .length = length};
  for (int t = 0; t <= length; ++t) {
    WorldState state;
    state.values.resize(kStateSize);
    fill(state.values);
    demo.states.push_back(state);
    if (t == length) break;
    fill(demo.robot_obs.emplace_back());
    fill(demo.scene_obs.emplace_back());
    fill(demo.actions.emplace_back());
    fill(demo.executed.emplace_back());
    demo.actions.back()[6] = demo.executed.back()[6] = t % 3 == 0 ? 1 : -1;
    demo.labelled.push_back(t != 1);
  }
  for (int i = 0; i < 1000; ++i) demo.start_contacts.bytes.push_back(static_cast<std::byte>(random.Next()));
  return demo;
}

bool Same(const Demonstration& a, const Demonstration& b) {
  return Checksum(a) == Checksum(b) && a.states.back().values == b.states.back().values &&
         a.executed == b.executed && a.info.sentence == b.info.sentence;
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "deerbench-XXXXXX").string();
  Require(mkdtemp(name.data()) != nullptr, "no temporary folder");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace deerbench::test
