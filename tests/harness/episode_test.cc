#include "harness/episode.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <variant>

#include "base/error.h"
#include "harness/policy_registry.h"
#include "tests/harness/scenes.h"

namespace deerbench {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Chain 3 of the evaluation set begins with a task that idle arms do not fulfil.
Chain SomeChain() { return Chains(ChainSet::kEvaluation, 4)[3]; }

EpisodeOptions Options() {
  EpisodeOptions options;
  options.seed = 5;
  options.policy_name = "probe";
  for (TaskId task = 0; task < kTaskCount; ++task)
    options.instructions[task] = std::string(Tasks()[task].name);
  return options;
}

Tabletop SceneD() { return Tabletop(LoadTabletopScene("D", ScenesFolder())); }

// Keeps still, and notes what it is given.
class Probe final : public Policy {
 public:
  void Reset(uint64_t seed) override { seeds.push_back(seed); }
  PolicyStep Step(const Observation& observation, std::string_view instruction) override {
    last = observation;
    sentence = instruction;
    PolicyStep step = next;
    if (++steps == bad_step) step.action[bad_element] = bad_value;
    return step;
  }
  bool needs_images() const override { return images; }

  PolicyStep next{.action = {0, 0, 0, 0, 0, 0, 1}, .cost = {}, .cannot_act = {}};
  bool images = false;
  int bad_step = -1, bad_element = 0;
  double bad_value = kNan;
  int steps = 0;
  std::vector<uint64_t> seeds;
  Observation last;
  std::string sentence;
};

class CountingObserver final : public ChainObserver {
 public:
  void BeginChain(Tabletop&, int, const Chain&) override { ++chains; }
  void BeginSubtask(Tabletop&, int, TaskId, std::string_view) override { ++subtasks; }
  void AfterStep(Tabletop&, int step, const StepRecord&) override { last_step = step; }
  void EndSubtask(Tabletop&, const SubtaskRecord& record) override { steps = record.steps; }
  void EndChain(Tabletop&, const ChainRecord& record) override { success = record.success; }
  int chains = 0, subtasks = 0, last_step = -1, steps = -1, success = -1;
};

}  // namespace

TEST_CASE("Seeds of subtasks are the documented mix of seed, chain and subtask") {
  CHECK(SubtaskSeed(7, 12, 3) == 8882677134289322933u);
  CHECK(SubtaskSeed(0, 0, 0) == 2558736989570252433u);
  std::set<uint64_t> seeds;
  for (int chain = 0; chain < 100; ++chain) {
    for (int subtask = 0; subtask < 5; ++subtask) seeds.insert(SubtaskSeed(0, chain, subtask));
  }
  CHECK(seeds.size() == 500);
}

TEST_CASE("A policy that does nothing fails its first subtask after 360 steps, every one of them counted") {
  Tabletop tabletop = SceneD();
  Probe probe;
  probe.next.cost = {.exit_layer = 3, .layers_run = 4, .llm_macs = 10, .total_macs = 30, .llm_ms = 0.5};
  CountingObserver observer;
  EpisodeOptions options = Options();
  options.observer = &observer;
  const ChainRecord record = EvaluateChain(tabletop, probe, SomeChain(), 3, options);

  CHECK(record.success == 0);
  REQUIRE(record.subtasks.size() == 1);
  CHECK(record.subtasks[0].outcome == Outcome::kTimeout);
  CHECK(record.subtasks[0].steps == 360);
  CHECK(record.subtasks[0].instruction == Tasks()[SomeChain().tasks[0]].name);
  CHECK(record.step_count == 360);
  CHECK(record.steps.size() == 360);
  CHECK(record.llm_macs == 3600);
  CHECK(record.total_macs == 10800);
  CHECK(record.latency.llm_ms == Approx(0.5));
  CHECK(record.steps[200].exit_layer == 3);
  CHECK(record.final_state == tabletop.world().Save().state.values);
  CHECK(record.final_state_sha256.size() == 64);

  CHECK(probe.seeds == std::vector<uint64_t>{SubtaskSeed(5, 3, 0)});
  CHECK(probe.sentence == Tasks()[SomeChain().tasks[0]].name);
  CHECK(observer.chains == 1);
  CHECK(observer.subtasks == 1);
  CHECK(observer.last_step == 359);
  CHECK(observer.steps == 360);
  CHECK(observer.success == 0);
}

TEST_CASE("A policy sees the robot and, if it asks, pictures, but never the scene's state") {
  Tabletop tabletop = SceneD();
  for (const bool images : {false, true}) {
    Probe probe;
    probe.images = images;
    probe.bad_step = 2;  // two steps are enough
    CHECK_THROWS_AS(EvaluateChain(tabletop, probe, SomeChain(), 3, Options()), Error);
    CHECK(probe.last.robot_obs == tabletop.world().robot_obs());
    for (const double value : probe.last.scene_obs) CHECK(std::isnan(value));
    CHECK(probe.last.rgb_static.size() == (images ? 200 * 200 * 3 : 0));
    CHECK(probe.last.rgb_gripper.size() == (images ? 84 * 84 * 3 : 0));
  }
}

TEST_CASE("A bad action is an error that names policy, chain, subtask, step and element") {
  Tabletop tabletop = SceneD();
  const std::string task(Tasks()[SomeChain().tasks[0]].name);
  const auto message = [&](int element, double value) {
    Probe probe;
    probe.bad_step = 3;
    probe.bad_element = element;
    probe.bad_value = value;
    try {
      EvaluateChain(tabletop, probe, SomeChain(), 3, Options());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(message(4, kNan) == "policy probe: action[4] is nan in chain 3, subtask 1 (" + task +
                                "), step 3, expected a finite number in [-1, 1]");
  CHECK(message(0, 1.5) == "policy probe: action[0] is 1.5 in chain 3, subtask 1 (" + task +
                               "), step 3, expected a finite number in [-1, 1]");
  CHECK(message(6, 0.5) == "policy probe: action[6] is 0.5 in chain 3, subtask 1 (" + task +
                               "), step 3, expected -1 (close) or 1 (open)");
  CHECK(message(6, kNan) != "accepted");
  CHECK(message(2, -std::numeric_limits<double>::infinity()) != "accepted");
}

TEST_CASE("A policy that gives up fails its subtask with its reason") {
  Tabletop tabletop = SceneD();
  Probe probe;
  probe.next.cannot_act = "too dark";
  const ChainRecord record = EvaluateChain(tabletop, probe, SomeChain(), 3, Options());
  REQUIRE(record.subtasks.size() == 1);
  CHECK(record.subtasks[0].outcome == Outcome::kCannotAct);
  CHECK(record.subtasks[0].reason == "too dark");
  CHECK(record.step_count == 0);
  CHECK(record.steps.empty());
}

TEST_CASE("A chain gives the same steps and final state however often and after whatever it is run") {
  Tabletop tabletop = SceneD();
  EvalConfig config = ConfigFromKeys({{"policy", "expert"}, {"expert_noise", "0.5"}});
  const auto run = [&](Tabletop& in, int index) {
    const AnyPolicy policy = FindPolicy("expert").make({in.scene().model, config});
    return EvaluateChain(in, *std::get<std::unique_ptr<PrivilegedPolicy>>(policy),
                         Chains(ChainSet::kEvaluation, 4)[index], index, Options());
  };
  const ChainRecord first = run(tabletop, 1);
  CHECK(first.success >= 1);
  run(tabletop, 2);
  const ChainRecord again = run(tabletop, 1);
  Tabletop other = SceneD();
  const ChainRecord elsewhere = run(other, 1);
  for (const ChainRecord* record : {&again, &elsewhere}) {
    CHECK(record->success == first.success);
    CHECK(record->final_state == first.final_state);
    REQUIRE(record->steps.size() == first.steps.size());
    for (size_t i = 0; i < first.steps.size(); ++i) {
      if (record->steps[i].action != first.steps[i].action) FAIL("step " << i);
    }
  }
}

}  // namespace deerbench
