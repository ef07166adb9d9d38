// A whole agent: saved, opened, run, and what it says it cost held against the tensor library's own calls.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/checkpoint.h"
#include "agent/initialise.h"
#include "agent/mac_hook.h"
#include "agent/reference_agent.h"
#include "agent/tensor_layout.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

std::string TokenizerText() { return ReadFile(fs::path(std::getenv("DEERBENCH_SCENES")) / "tokenizer.json"); }

CheckpointMetadata Metadata() { return {.name = "test", .train_scenes = {"D"}, .env_version = "1"}; }

// A random agent in a folder of its own.
class Checkpoint {
 public:
  explicit Checkpoint(torch::Dtype type = torch::kFloat32)
      : path_(fs::temp_directory_path() /
              ("deerbench-agent-test-" + std::to_string(getpid()) + "-" + std::to_string(++count))) {
    torch::manual_seed(3);
    AgentModel model(PresetConfig("nano"));
    InitialiseForTraining(model);
    SaveCheckpoint(path_, model, TokenizerText(), Metadata(), type);
  }
  ~Checkpoint() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  static inline int count = 0;
  fs::path path_;
};

struct Frame {
  std::vector<uint8_t> static_rgb = std::vector<uint8_t>(200 * 200 * 3),
                       gripper_rgb = std::vector<uint8_t>(84 * 84 * 3);
  std::vector<double> robot_obs = std::vector<double>(15, 0.1);
  AgentInput input() const { return {static_rgb, gripper_rgb, robot_obs}; }
};

Frame MakeFrame(int seed) {
  Frame frame;
  uint32_t x = 12345 + seed;
  const auto next = [&] { return x = x * 1664525 + 1013904223; };
  for (auto& byte : frame.static_rgb) byte = next() >> 24;
  for (auto& byte : frame.gripper_rgb) byte = next() >> 24;
  return frame;
}

ExitOptions ForcedAt(int layer) {
  const std::vector<int> exits = PresetConfig("nano").ExitLayers();
  ExitOptions options{.exit_layers = exits, .thresholds = {}, .max_layer = layer};
  for (const int exit : exits) {
    if (exit <= layer) options.thresholds.push_back(-1);
  }
  return options;
}

std::string Refusal(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("The cost that the agent reports is what the tensor library multiplied, at every exit") {
  const Checkpoint checkpoint;
  const CheckpointFolder folder = OpenCheckpoint(checkpoint.path());
  const Frame frame = MakeFrame(1);
  uint64_t before = 0;
  for (const int exit : folder.config.ExitLayers()) {
    ReferenceAgent agent(folder, ForcedAt(exit));
    for (const char* sentence : {"push the red block over to the right", "turn the green lamp on"}) {
      MacHook hook;
      const AgentStep step = agent.Step(frame.input(), sentence);
      CHECK(step.exit.exit_layer == exit);
      CHECK(step.layers_run == exit + 1);
      CHECK(hook.macs() == step.macs.total());
    }
    CHECK(agent.all_weight_bytes() > before);  // layers above the highest exit are not there
    before = agent.all_weight_bytes();
  }
  CHECK(before < 6e6);
}

TEST_CASE("The official sizes multiply what the analytic count says, module by module") {
  torch::NoGradGuard no_grad;
  AgentConfig c = PresetConfig("3b");
  c.vision.layers = c.perceiver.depth = c.language.layers = 1;  // the others are copies
  c.language.vocab_size = 100;
  c.language.media_token = c.language.end_of_chunk_token = c.language.pad_token = 7;
  AgentModel model(c);
  MacHook hook;
  const auto taken = [&] {
    const uint64_t macs = hook.macs();
    hook.Clear();
    return macs;
  };
  const torch::Tensor image = torch::zeros({1, 3, 224, 224});
  const CameraTokens tokens = model->EncodeImages(image, image);
  CHECK(taken() == VisionMacs(c.vision));
  const torch::Tensor media = model->Media(tokens);
  CHECK(taken() == ResamplerMacs(c));
  const torch::Tensor ids = torch::full({1, 13}, 7, torch::kInt64);
  const auto hidden = model->HiddenStates(ids, torch::ones_like(ids), media);
  CHECK(taken() == LanguageMacs(c, 1, 13));
  model->extra_exit->RunWindow(model->Pool(hidden[0], torch::ones_like(ids)).unsqueeze(1));
  CHECK(taken() == HeadMacs(c));
  // Every weight is counted.
  uint64_t weights = 0;
  for (const torch::Tensor& parameter : model->parameters()) weights += parameter.numel();
  CHECK(weights == InferenceParameters(c, 1));
}

TEST_CASE("The tensors that are named for a config are the model's") {
  AgentConfig clip = PresetConfig("3b"), sparse = PresetConfig("9b"), plain = PresetConfig("nano");
  for (AgentConfig* c : {&clip, &sparse}) {
    c->vision.width = 64;
    c->vision.heads = c->vision.layers = 2;
    c->perceiver.depth = 2;
    c->language.width = 64;
    c->language.heads = 4;
    c->language.layers = 8;
    c->language.vocab_size = 60000;
    c->head.lstm_hidden = 24;
    c->head.mlp_hidden = {20, 10};
  }
  sparse.head.dropout_placement = HeadConfig::DropoutPlacement::kLast;
  sparse.head.mlp_layernorm = sparse.head.lstm_layernorm = false;
  plain.state = {};
  for (const AgentConfig& config : {clip, sparse, plain, PresetConfig("nano")}) {
    std::map<std::string, std::vector<int64_t>> named, held;
    for (const TensorLayout& tensor : CheckpointTensors(config)) named[tensor.name] = tensor.shape;
    for (const auto& item : AgentModel(config)->named_parameters())
      held[item.key()] = item.value().sizes().vec();
    INFO(config.name);
    CHECK(named == held);
  }
}

TEST_CASE("An agent that was saved and opened again acts the same; in half precision almost") {
  const Checkpoint full, half(torch::kFloat16);
  CHECK(fs::file_size(half.path() / "model.safetensors") <
        0.55 * fs::file_size(full.path() / "model.safetensors"));
  ReferenceAgent a(OpenCheckpoint(full.path()), ForcedAt(11)), b(OpenCheckpoint(full.path()), ForcedAt(11)),
      c(OpenCheckpoint(half.path()), ForcedAt(11));
  for (int t = 0; t < 3; ++t) {
    const Frame frame = MakeFrame(t);
    const auto x = a.Step(frame.input(), "push the red block over to the right").exit.action;
    CHECK(x == b.Step(frame.input(), "push the red block over to the right").exit.action);
    const auto y = c.Step(frame.input(), "push the red block over to the right").exit.action;
    for (int i = 0; i < 6; ++i) CHECK(x[i] == Approx(y[i]).margin(0.02));
  }
  // The weights are the model's, whatever the number of layers.
  torch::manual_seed(3);
  AgentModel model(PresetConfig("nano"));
  InitialiseForTraining(model);
  const auto parameters = model->named_parameters();
  for (const auto& item : LoadAgent(OpenCheckpoint(full.path()), {.layers = 2})->named_parameters())
    CHECK(torch::equal(item.value(), parameters[item.key()]));
}

TEST_CASE("A subtask's history counts, and a reset forgets it") {
  const Checkpoint checkpoint;
  ReferenceAgent agent(OpenCheckpoint(checkpoint.path()), ForcedAt(5));
  const Frame frame = MakeFrame(9);
  const auto first = agent.Step(frame.input(), "turn the green lamp on").exit.action;
  CHECK(agent.Step(frame.input(), "turn the green lamp on").exit.action != first);
  agent.Reset();
  CHECK(agent.Step(frame.input(), "turn the green lamp on").exit.action == first);
  agent.Reset();
  CHECK(agent.Step(frame.input(), "open the drawer").exit.action != first);
}

TEST_CASE("A checkpoint's digest follows every file of it") {
  const Checkpoint checkpoint;
  const std::string before = OpenCheckpoint(checkpoint.path()).Sha256();
  CHECK(before.size() == 64);
  CHECK(OpenCheckpoint(checkpoint.path()).Sha256() == before);
  std::ofstream(checkpoint.path() / "metadata.json", std::ios::app) << "\n";
  CHECK(OpenCheckpoint(checkpoint.path()).Sha256() != before);
}

TEST_CASE("A broken checkpoint is refused in one line that names file, field and value") {
  const Checkpoint checkpoint;
  const fs::path path = checkpoint.path();
  const auto rewrite = [&](const char* file, const auto& change) {
    nlohmann::json json = nlohmann::json::parse(ReadFile(path / file));
    change(json);
    WriteFileAtomically(path / file, json.dump());
  };
  const auto open = [&] { OpenCheckpoint(path); };
  const auto load = [&] { LoadAgent(OpenCheckpoint(path)); };
  REQUIRE(Refusal(load) == "accepted");

  CHECK(Refusal([&] { OpenCheckpoint(path / "none"); }) ==
        (path / "none").string() + ": not a folder, expected a checkpoint");
  rewrite("metadata.json", [](auto& json) { json["train_scenes"] = {"E"}; });
  CHECK(Refusal(open) ==
        (path / "metadata.json").string() + ": 'train_scenes' is [\"E\"], expected a list of scenes A to D");
  rewrite("metadata.json", [](auto& json) { json["train_scenes"] = {"A", "B"}; });
  CHECK(OpenCheckpoint(path).metadata.train_scenes == std::vector<std::string>{"A", "B"});

  rewrite("config.json", [](auto& json) { json["language"]["media_token"] = 3; });
  CHECK_THAT(Refusal(open), Catch::Contains("token '<image>' has id 570, expected 'language.media_token'"));
  rewrite("config.json", [](auto& json) {
    json["language"]["media_token"] = 570;
    json["language"]["width"] = 32;
  });
  CHECK_THAT(Refusal(load),
             Catch::Contains("model.safetensors: tensors do not fit the model: of another shape: "));
  rewrite("config.json", [](auto& json) {
    json["language"]["width"] = 64;
    json["language"]["layers"] = 13;
  });
  CHECK_THAT(Refusal(load), Catch::Contains("missing: lang_encoder.transformer.blocks.12."));
  rewrite("config.json", [](auto& json) { json["language"]["layers"] = 11; });
  CHECK_THAT(Refusal(load), Catch::Contains("unexpected: lang_encoder.transformer.blocks.11."));
  rewrite("config.json", [](auto& json) {
    json["language"]["layers"] = 12;
    json["language"]["mlp_ratio"] = 16000;
  });
  CHECK_THAT(Refusal(load), Catch::Contains("bytes long, config.json needs"));
  rewrite("config.json",
          [](auto& json) { json["language"]["mlp_ratio"] = PresetConfig("nano").language.mlp_ratio; });
  REQUIRE(Refusal(load) == "accepted");

  fs::resize_file(path / "model.safetensors", fs::file_size(path / "model.safetensors") / 2);
  CHECK_THAT(Refusal(load), Catch::Contains("model.safetensors: not a valid safetensors file: tensor '"));
  fs::remove(path / "model.safetensors");
  CHECK(Refusal(open) == (path / "model.safetensors").string() + ": missing, expected in a checkpoint");
}

TEST_CASE("An agent refuses pictures, sentences and exits that do not fit it") {
  const Checkpoint checkpoint;
  const CheckpointFolder folder = OpenCheckpoint(checkpoint.path());
  ReferenceAgent agent(folder, ForcedAt(1));
  Frame frame = MakeFrame(1);
  frame.static_rgb.resize(100);
  CHECK(Refusal([&] { agent.Step(frame.input(), "x"); }) ==
        "static picture has 100 bytes, expected 200 x 200 x 3");
  CHECK(Refusal([&] { agent.Step(MakeFrame(1).input(), "\xff"); }) == "text is not valid UTF-8 at byte 0");
  ExitOptions high = ForcedAt(11);
  high.exit_layers.back() = high.max_layer = 14;
  CHECK(Refusal([&] { ReferenceAgent(folder, high); }) ==
        "highest exit is layer 14, the model has layers 0 to 11");
}

}  // namespace
}  // namespace deerbench
