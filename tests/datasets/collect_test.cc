#include "datasets/collect.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "datasets/demo_statistics.h"
#include "datasets/relabel.h"
#include "datasets/replay.h"
#include "datasets/rollout.h"
#include "sim/env/start.h"
#include "sim/physics/world_state.h"
#include "tests/datasets/example_demos.h"

namespace deerbench::test {
namespace {

namespace fs = std::filesystem;

struct Bench {
  fs::path folder = std::getenv("DEERBENCH_SCENES");
  Instructions instructions = LoadInstructions(folder / "instructions.yaml");
  std::shared_ptr<const SceneModel> d = LoadScene("D", folder.string());
};

const Bench& TheBench() {
  static const Bench bench;
  return bench;
}

CollectRequest RequestOf(int count, int workers) {
  CollectRequest request;
  request.settings.tasks = {TaskByName("open_drawer"), TaskByName("turn_on_led")};
  std::ranges::sort(request.settings.tasks);
  request.settings.seed = 3;
  request.count = count;
  request.workers = workers;
  request.scenes = {TheBench().d};
  request.instructions = &TheBench().instructions;
  return request;
}

std::string Collected(const fs::path& path, const CollectRequest& request, const CollectEvents& events = {}) {
  DemoWriter writer =
      fs::exists(path) ? DemoWriter::Append(path) : DemoWriter::Create(path, ToJson(request.settings));
  CollectTally tally;
  const bool done = Collect(request, writer, events, tally);
  return fmt::format("{} {}", done, DemoReader(path).Digest());
}

TEST_CASE("What is collected depends neither on threads nor on interruptions") {
  const ScratchFolder folder;
  const std::string alone = Collected(folder / "one.h5", RequestOf(6, 1));
  CHECK(Collected(folder / "three.h5", RequestOf(6, 3)) == alone);
  // Stopped after every demonstration, and extended.
  const fs::path path = folder / "resumed.h5";
  std::string last;
  for (int i = 0; i < 6; ++i) {
    int written = 0;
    const CollectEvents events{.on_demo = [&](const DemoWriter&, const CollectTally&) { ++written; },
                               .on_tick = [&] { return written > 0; }};
    last = Collected(path, RequestOf(i < 3 ? 3 : 6, 2), events);
  }
  CHECK(Collected(path, RequestOf(6, 2)) == alone);
  CollectRequest other = RequestOf(7, 1);
  other.settings.seed = 4;
  CHECK_THROWS_AS(Collected(path, other), Error);
}

TEST_CASE("A demonstration played again from its first moment gives its states and its success") {
  const ScratchFolder folder;
  Collected(folder / "demos.h5", RequestOf(4, 2));
  const DemoReader reader(folder / "demos.h5");
  REQUIRE(reader.size() == 4);
  bool differs = false;
  for (int i = 0; i < reader.size(); ++i) {
    const Demonstration demo = reader.Read(i);
    CHECK(demo.info.success);
    const ReplayOutcome outcome = Replay(TheBench().d, demo);
    CHECK_FALSE(outcome.departure);
    CHECK(outcome.success);
    differs |= demo.executed != demo.actions;
  }
  CHECK(differs);
  Demonstration demo = reader.Read(0);
  demo.executed[4][6] = -demo.executed[4][6];
  const ReplayOutcome outcome = Replay(TheBench().d, demo);
  REQUIRE(outcome.departure);
  CHECK(outcome.departure->step == 5);
  CHECK(outcome.departure->recorded != outcome.departure->replayed);
  demo.start_contacts.bytes.pop_back();
  CHECK_THROWS_AS(Replay(TheBench().d, demo), Error);
}

TEST_CASE("Other labels than the expert's are replaced by them, in the very states that were seen") {
  const ScratchFolder folder;
  Collected(folder / "demos.h5", RequestOf(2, 2));
  const Demonstration original = DemoReader(folder / "demos.h5").Read(0);
  Demonstration demo = original;
  CHECK(Relabel(TheBench().d, demo).changed == 0);
  CHECK(demo.actions == original.actions);

  demo.actions[2][1] = -1 + (original.actions[2][1] < 0);
  demo.labelled[5] = 0;
  const RelabelOutcome outcome = Relabel(TheBench().d, demo);
  CHECK(outcome.changed == 2);
  CHECK(outcome.largest == std::abs(-1 + (original.actions[2][1] < 0) - original.actions[2][1]));
  CHECK(demo.actions == original.actions);
  CHECK(demo.labelled[5] == 1);

  demo.executed[4][6] = -demo.executed[4][6];
  CHECK_THROWS_WITH(Relabel(TheBench().d, demo), Catch::Contains("departs at state 5"));
}

TEST_CASE("Names of a state's numbers are those of its fields") {
  WorldStateFields fields;
  fields.blocks[2].position.z = 5;
  fields.X_WGripperCamera.q.w = 7;
  fields.arm_targets[6] = 8;
  const WorldState state = Pack(fields);
  REQUIRE(state.values.size() == kStateSize);
  std::map<std::string, double> named;
  for (size_t i = 0; i < kStateSize; ++i) named[StateValueName(static_cast<int>(i))] = state.values[i];
  CHECK(named.size() == kStateSize);
  CHECK(named["blocks[2].position.z"] == 5);
  CHECK(named["X_WGripperCamera.q.w"] == 7);
  CHECK(named["arm_targets[6]"] == 8);
  CHECK_THROWS_AS(StateValueName(102), Error);
}

TEST_CASE("Statistics count what a file holds") {
  const ScratchFolder folder;
  Collected(folder / "demos.h5", RequestOf(5, 2));
  const DemoReader reader(folder / "demos.h5");
  const DemoStatistics statistics = Summarise(reader);
  CHECK(statistics.all.demos == 5);
  CHECK(statistics.all.successes == 5);
  CHECK(statistics.tasks[TaskByName("open_drawer")].demos +
            statistics.tasks[TaskByName("turn_on_led")].demos ==
        5);
  CHECK(statistics.scenes.at("D").demos == 5);
  double sum = 0;
  int64_t steps = 0;
  for (int i = 0; i < 5; ++i) {
    for (const RelativeAction& action : reader.ReadActions(i)) sum += action[2];
    steps += reader.demos()[static_cast<size_t>(i)].length;
  }
  CHECK(statistics.steps == steps);
  CHECK(statistics.actions[2].mean == Approx(sum / static_cast<double>(steps)));
  CHECK(statistics.actions[6].least >= -1);
  CHECK(statistics.differing_steps > steps / 2);
}

TEST_CASE("No world begins as an evaluation chain does") {
  SplitMix64 random(1);
  for (const char* letter : {"A", "D"}) {
    const auto model = LoadScene(letter, TheBench().folder.string());
    std::vector<InitialState> evaluation;
    for (const SymbolicState& state : InitialConditions()) evaluation.push_back(StartOf(*model, state));
    for (const SymbolicState& state : InitialConditions()) {
      for (int draw = 0; draw < 5; ++draw) {
        const InitialState start = DrawStart(*model, state, random);
        for (const InitialState& other : evaluation) {
          bool far = false;  // some block is turned another way
          for (size_t block = 0; block < 3; ++block)
            far |= std::abs(start.scene_obs[11 + 6 * block] - other.scene_obs[11 + 6 * block]) > 1e-4;
          CHECK(far);
        }
      }
    }
  }
}

TEST_CASE("Plans are balanced over scenes and tasks and cover whole chains") {
  CollectSettings settings;
  settings.scenes = {"A", "B"};
  CollectPlan plan(settings);
  std::map<std::pair<int, TaskId>, int> counts;
  int chains = 0;
  std::vector<CollectUnit> units;
  for (int i = 0; i < 400; ++i) {
    units.push_back(plan.Next());
    chains += units.back().tasks.size() == 5;
    for (const TaskId task : units.back().tasks) ++counts[{units.back().scene, task}];
    if (plan.planned() >= 10) plan.Report(units[static_cast<size_t>(plan.reported())].tasks);
  }
  CHECK(chains > 100);
  int least = 1'000'000, most = 0;
  for (int scene = 0; scene < 2; ++scene) {
    for (TaskId task = 0; task < kTaskCount; ++task) {
      least = std::min(least, counts[{scene, task}]);
      most = std::max(most, counts[{scene, task}]);
    }
  }
  INFO("between " << least << " and " << most << " a task");
  CHECK(least >= 10);
  CHECK(most <= 3 * least);
}

TEST_CASE("Disturbances keep actions legal and are none without noise") {
  Disturbance none(0, 1), some(1, 1);
  const RelativeAction action{1, -1, 0.5, 0, 0, 0.2, -1};
  int changed = 0, flipped = 0;
  for (int i = 0; i < 2000; ++i) {
    CHECK(none.Apply(action) == action);
    const RelativeAction executed = some.Apply(action);
    for (size_t k = 0; k < 6; ++k) CHECK(std::abs(executed[k]) <= 1);
    changed += std::abs(executed[2] - action[2]) > 0.3;
    flipped += executed[6] != action[6];
  }
  CHECK(changed > 50);
  CHECK(changed < 600);
  CHECK(flipped < 60);
}

}  // namespace
}  // namespace deerbench::test
