// The agent as a policy, on a made-up backend; its settings, on made-up checkpoints.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/sha256.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policies/deer/deer_policy.h"
#include "sim/physics/scene_model.h"
#include "tests/harness/example_records.h"
#include "tests/harness/scenes.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

// What a backend was shown.
struct Seen {
  int resets = 0;
  std::vector<uint8_t> rgb_static, rgb_gripper;
  RobotObs robot_obs{};
  std::string instruction;
};

class Recorder final : public AgentBackend {
 public:
  explicit Recorder(Seen& seen) : seen_(seen) {}
  void Reset(uint64_t) override { ++seen_.resets; }
  AgentDecision Decide(const Observation& observation, std::string_view instruction) override {
    seen_.rgb_static = observation.rgb_static;
    seen_.rgb_gripper = observation.rgb_gripper;
    seen_.robot_obs = observation.robot_obs;
    seen_.instruction = instruction;
    return {.action = {0.5, 0, 0, 0, 0, 0, -1},
            .cost = {.exit_layer = 3, .layers_run = 4, .llm_macs = 10, .total_macs = 30, .llm_ms = 0.5},
            .probes = {{.layer = 1, .difference = 0.25f, .pose = {}, .gripper_probability = 0}}};
  }
  PolicyMemory memory() const override { return {.llm_weights_mib = 1, .all_weights_mib = 2}; }

 private:
  Seen& seen_;
};

Observation Picture() {
  Observation observation;
  observation.rgb_static.assign(200 * 200 * 3, 7);
  observation.rgb_gripper.assign(84 * 84 * 3, 9);
  observation.robot_obs.fill(0.5);
  return observation;
}

DeerPolicy MakePolicy(Seen& seen, Ablation ablation) {
  return DeerPolicy(std::make_unique<Recorder>(seen), "sha", ablation, {"push", "pull", "lift", "push"});
}

// A folder that is a checkpoint but for its weights.
fs::path MakeCheckpoint(const fs::path& folder, const std::vector<std::string>& train_scenes) {
  WriteCheckpointTexts(folder, PresetConfig("nano"), ReadText(fs::path(ScenesFolder()) / "tokenizer.json"),
                       {.name = folder.filename().string(),
                        .train_scenes = train_scenes,
                        .env_version = "1",
                        .details = nlohmann::json::object()});
  WriteText(folder / "model.safetensors", "weights");
  return fs::canonical(folder);
}

// The options after they were settled.
std::map<std::string, std::string> Resolve(const fs::path& models, std::map<std::string, std::string> keys) {
  keys["policy"] = "deer";
  EvalConfig config = ConfigFromKeys(keys);
  ResolvePolicy(config, {.models = models, .tensor_plugin = {}});
  return config.policy_options;
}

}  // namespace

TEST_CASE("The agent's action and cost are handed on and its probes kept") {
  Seen seen;
  DeerPolicy policy = MakePolicy(seen, Ablation::kNone);
  policy.Reset(3);
  const PolicyStep step = policy.Step(Picture(), "push");
  CHECK(seen.resets == 1);
  CHECK(seen.instruction == "push");
  CHECK(seen.rgb_static == Picture().rgb_static);
  CHECK(step.action == RelativeAction{0.5, 0, 0, 0, 0, 0, -1});
  CHECK(step.cost.exit_layer == 3);
  CHECK(step.cost.total_macs == 30);
  CHECK(policy.probes().at(0).difference == 0.25f);
  CHECK(policy.memory().all_weights_mib == 2);
  CHECK(policy.checkpoint_sha256() == "sha");
}

TEST_CASE("Without vision both cameras are grey and the robot still feels itself") {
  Seen seen;
  DeerPolicy policy = MakePolicy(seen, Ablation::kBlankVision);
  policy.Reset(3);
  policy.Step(Picture(), "push");
  CHECK(seen.rgb_static == std::vector<uint8_t>(200 * 200 * 3, 128));
  CHECK(seen.rgb_gripper == std::vector<uint8_t>(84 * 84 * 3, 128));
  CHECK(seen.robot_obs == Picture().robot_obs);
  CHECK(seen.instruction == "push");
}

TEST_CASE("A wrong sentence is another task's, the same throughout a subtask and drawn from the seed") {
  Seen seen;
  DeerPolicy policy = MakePolicy(seen, Ablation::kWrongSentence);
  std::set<std::string> said;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    policy.Reset(seed);
    policy.Step(Picture(), "push");
    const std::string first = seen.instruction;
    policy.Step(Picture(), "push");
    CHECK(seen.instruction == first);
    policy.Reset(seed);
    policy.Step(Picture(), "push");
    CHECK(seen.instruction == first);
    said.insert(first);
  }
  CHECK(said == std::set<std::string>{"lift", "pull"});
}

TEST_CASE("The checkpoint is the one asked for, by folder or name, or the shipped one of the split") {
  const TemporaryFolder folder;
  const fs::path models = folder.path() / "models";
  const fs::path d = MakeCheckpoint(models / "nano-d", {"D"});
  const fs::path abc = MakeCheckpoint(models / "nano-abc", {"C", "A", "B"});
  const fs::path own = MakeCheckpoint(folder.path() / "own", {"D"});
  CHECK(Resolve(models, {{"exit", "last"}}).at("checkpoint") == d.string());
  CHECK(Resolve(models, {{"exit", "last"}, {"split", "ABC->D"}}).at("checkpoint") == abc.string());
  CHECK(Resolve(models, {{"exit", "last"}, {"checkpoint", "nano-d"}}).at("checkpoint") == d.string());
  CHECK(Resolve({}, {{"exit", "last"}, {"checkpoint", own.string()}}).at("checkpoint") == own.string());
  CHECK_THROWS_WITH(
      Resolve(models, {{"split", "ABCD->D"}}),
      "checkpoint: none is shipped for ABCD->D ('nano-abcd'), expected a folder with config.json or "
      "one of nano-abc, nano-d");
  CHECK_THROWS_WITH(Resolve(models, {{"checkpoint", "mega"}}),
                    "checkpoint: 'mega', expected a folder with config.json or one of nano-abc, nano-d");
  CHECK_THROWS_WITH(Resolve({}, {{"checkpoint", "nano-d"}}), Catch::Contains("none is shipped"));
}

TEST_CASE("A split that contradicts where the checkpoint was trained is refused") {
  const TemporaryFolder folder;
  const fs::path models = folder.path();
  MakeCheckpoint(models / "nano-d", {"D"});
  CHECK_THROWS_WITH(Resolve(models, {{"checkpoint", "nano-d"}, {"split", "ABC->D"}}),
                    "split: ABC->D, expected D->D: checkpoint nano-d was trained in D");
  CHECK_NOTHROW(Resolve(models, {{"checkpoint", "nano-d"}, {"split", "D->A"}, {"exit", "last"}}));
}

TEST_CASE("A checkpoint that lacks a file or holds nonsense is refused by the file's name") {
  const TemporaryFolder folder;
  for (const char* name : {"metadata.json", "model.safetensors", "tokenizer.json"}) {
    const fs::path checkpoint = MakeCheckpoint(folder.path() / "lacking", {"D"});
    fs::remove(checkpoint / name);
    CHECK_THROWS_WITH(Resolve({}, {{"checkpoint", checkpoint.string()}}),
                      (checkpoint / name).string() + ": missing, expected in a checkpoint");
  }
  for (const char* name : {"metadata.json", "config.json"}) {
    const fs::path checkpoint = MakeCheckpoint(folder.path() / "broken", {"D"});
    WriteText(checkpoint / name, R"({"name": "cut)");
    CHECK_THROWS_WITH(Resolve({}, {{"checkpoint", checkpoint.string()}}),
                      Catch::StartsWith((checkpoint / name).string() + ": "));
  }
}

TEST_CASE("Exits are settled before any worker starts") {
  const TemporaryFolder folder;
  const std::string own = MakeCheckpoint(folder.path() / "own", {"D"}).string();
  const auto plan = [&](std::map<std::string, std::string> keys) {
    keys["checkpoint"] = own;
    return Resolve({}, keys).at("exit_plan");
  };
  CHECK(plan({{"exit", "last"}}) == "11");
  CHECK(plan({{"exit", "3"}}) == "3");
  CHECK(plan({{"exit_plan", "1:0.5,3"}}) == "1:0.5,3");
  CHECK(plan({{"exit", "3"}, {"exit_plan", "3"}}) == "3");
  CHECK_THROWS_WITH(plan({{"exit", "3"}, {"exit_plan", "5"}}), Catch::StartsWith("exit_plan: '5', expected"));
  CHECK_THROWS_WITH(plan({{"exit", "4"}}),
                    "exit: '4', expected dynamic, last or a layer with an exit (from 0): 1, 3, 5, 7, 9, 11");
  CHECK_THROWS_WITH(plan({{"exit", "first"}}), Catch::StartsWith("exit: 'first', expected dynamic"));
  CHECK_THROWS_WITH(plan({}), Catch::StartsWith("thresholds: none in " + own));
  CHECK_THROWS_WITH(plan({{"exit", "last"}, {"thresholds", "x.json"}}),
                    "thresholds: 'x.json', expected only with exit dynamic, not last");
  CHECK_THROWS_WITH(plan({{"exit", "last"}, {"ablate", "blindness"}}),
                    "ablate: 'blindness', expected none, blank-vision or wrong-sentence");
  CHECK_THROWS_WITH(plan({{"exit", "last"}, {"precision", "int3"}}),
                    Catch::StartsWith("precision: 'int3', expected fp32, "));
  CHECK_THROWS_WITH(plan({{"exit", "last"}, {"backend", "abacus"}}),
                    Catch::StartsWith("backend: 'abacus', expected"));
}

TEST_CASE("An agent for other pictures than the cameras draw is refused before its first step") {
  CheckpointFolder checkpoint;
  checkpoint.path = "own";
  checkpoint.config = PresetConfig("nano");
  CHECK_NOTHROW(CheckPictures(checkpoint, 200, 84));
  checkpoint.config.vision.gripper_camera.input_size = 50;
  CHECK_THROWS_WITH(CheckPictures(checkpoint, 200, 84),
                    "checkpoint: own takes gripper pictures of 100 x 100 pixels (twice "
                    "vision.gripper.input_size), expected 84 x 84 as the camera draws them");
  checkpoint.config.vision.kind = VisionKind::kClip;  // takes any
  CHECK_NOTHROW(CheckPictures(checkpoint, 200, 84));

  const TemporaryFolder folder;
  const fs::path own = MakeCheckpoint(folder.path() / "own", {"D"});
  std::string text = ReadText(own / "config.json");
  const std::string usual = "\"input_size\": 100";
  REQUIRE(text.find(usual) != text.npos);
  WriteText(own / "config.json", text.replace(text.find(usual), usual.size(), "\"input_size\": 90"));
  EvalConfig config = ConfigFromKeys({{"policy", "deer"}, {"checkpoint", own.string()}, {"exit", "last"}});
  ResolvePolicy(config, {});
  CHECK_THROWS_WITH(FindPolicy("deer").make({LoadScene("D", ScenesFolder()), config}),
                    Catch::Contains("takes static pictures of 180 x 180 pixels"));
}

TEST_CASE("A run that goes on keeps the exits of its budget of time, and what they are weighed by") {
  const TemporaryFolder folder;
  using Keys = std::map<std::string, std::string>;
  const auto keep = [&](Keys settings) {
    KeepMeasured(folder.path(), settings);
    return settings;
  };
  const Keys asked{{"policy", "deer"}, {"budget_ms", "20"}};
  CHECK(keep(asked) == asked);  // a new run
  WriteText(folder.path() / "config.yaml",
            "policy: deer\nbudget_ms: 20\nexit_plan: \"1:0.5,3\"\ncriterion: feature\n");
  Keys kept = asked;
  kept["exit_plan"] = "1:0.5,3";
  kept["criterion"] = "feature";
  CHECK(keep(asked) == kept);
  kept["criterion"] = "time";  // what is given stays, to be compared
  CHECK(keep({{"policy", "deer"}, {"budget_ms", "20"}, {"criterion", "time"}}) == kept);
  for (const Keys& other : {Keys{{"policy", "deer"}}, Keys{{"policy", "deer"}, {"budget_ms", "30"}}})
    CHECK(keep(other) == other);
}

}  // namespace deerbench
