// What the comparisons with recordings make of them, on recordings of our own.
#include "tests/agent/recorded_config.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/tensor_file.h"
#include "base/error.h"

namespace deerbench::test {
namespace {

constexpr const char* kConfig = R"({
  "name": "Z", "vit": {"image_size": 28, "patch_size": 7, "layers": 2, "heads": 4, "output_dim": 16}, "vis_dim": 48,
  "perceiver": {"depth": 6, "num_latents": 64, "heads": 8, "dim_head": 64, "ff_mult": 4},
  "xattn": {"heads": 8, "dim_head": 64, "ff_mult": 4}, "cross_attn_every_n_layers": 1, "vocab_size": 128,
  "d_model": 64, "n_layers_kept": 8, "n_heads": 4, "mlp_ratio": 4, "max_seq_len": 64, "alibi_bias_max": 8,
  "attn_qk_ln": true, "eos_token_id": 0, "eoc_token_id": 125, "media_token_id": 126, "pad_token_id": 127,
  "lstm_hidden": 48, "lstm_num_layers": 4, "lstm_layernorm": true, "mlp_hidden_dims": [64, 32, 16],
  "mlp_num_hidden_layers": 2, "mlp_layernorm": true, "dropout_mode": "layerwise", "exit_dropout": 0.4,
  "lstm_dropout": 0.3, "exit_interval": 2, "window_size": 12, "layer_norm_eps": 1e-5})";

nlohmann::json Config() { return nlohmann::json::parse(kConfig); }

AgentConfig Read(const nlohmann::json& config) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "config_Z.json") << config;
  return RecordedConfig(folder.path(), "Z");
}

TEST_CASE("A recorded prompt has 32 tokens, or as many as the language model takes") {
  nlohmann::json config = Config();
  CHECK(Read(config).prompt.max_tokens == 32);
  config["max_seq_len"] = 20;
  CHECK(Read(config).prompt.max_tokens == 20);
}

TEST_CASE("A recorded head's dropout stands where one of the three official modes has it") {
  using Placement = HeadConfig::DropoutPlacement;
  nlohmann::json config = Config();
  CHECK(Read(config).head.dropout_placement == Placement::kLayerwise);
  for (const char* mode : {"last", "wo_last"}) {
    config["dropout_mode"] = mode;
    CHECK(Read(config).head.dropout_placement == Placement::kLast);
  }
  config["dropout_mode"] = "first";
  CHECK_THROWS_WITH(Read(config), "recorded dropout_mode is 'first', expected layerwise, last or wo_last");
}

TEST_CASE("Heads of the oldest layouts get the numbers of the layout last") {
  using Names = std::map<std::string, std::string>;
  const auto names = [](const std::map<int, size_t>& parts, const char* mode) {
    std::map<std::string, size_t> dimensions = {{"perceiver.latents", 2}};
    for (const auto& [number, size] : parts)
      dimensions["extra_exit.actions.mlp." + std::to_string(number) + ".weight"] = size;
    Names found;
    for (const auto& [recorded, ours] : OurNames(dimensions, mode)) {
      if (recorded != "perceiver.latents")
        found[recorded.substr(23)] = ours.substr(23);
      else
        CHECK(ours == recorded);
    }
    return found;
  };
  // Dropout, matrix, norm, ReLU; again; matrix. Without norms: dropout, matrix, ReLU; again; matrix.
  const std::map<int, size_t> with_norms = {{1, 2}, {2, 1}, {5, 2}, {6, 1}, {8, 2}};
  CHECK(names(with_norms, "wo_last") == Names{{"1.weight", "0.weight"},
                                              {"2.weight", "1.weight"},
                                              {"5.weight", "3.weight"},
                                              {"6.weight", "4.weight"},
                                              {"8.weight", "7.weight"}});
  CHECK(names({{1, 2}, {4, 2}, {7, 2}, {9, 2}}, "wo_last") == Names{{"1.weight", "0.weight"},
                                                                    {"4.weight", "3.weight"},
                                                                    {"7.weight", "6.weight"},
                                                                    {"9.weight", "10.weight"}});
  for (const char* mode : {"last", "layerwise"}) {
    for (const auto& [recorded, ours] : names(with_norms, mode)) CHECK(ours == recorded);
  }
}

TEST_CASE("Recorded weights of the oldest layout are read under our names") {
  const TemporaryFolder folder;
  const std::string names[] = {"extra_exit.gripper.mlp.1.weight", "extra_exit.gripper.mlp.1.bias",
                               "extra_exit.gripper.mlp.3.weight", "perceiver.latents"};
  nlohmann::json header;
  for (size_t i = 0; i < 4; ++i)
    header[names[i]] = {{"dtype", "U8"}, {"shape", {1, 1}}, {"data_offsets", {i, i + 1}}};
  const std::string text = header.dump();
  const uint64_t size = text.size();
  std::ofstream file(folder.path() / "model_Z.safetensors", std::ios::binary);
  file.write(reinterpret_cast<const char*>(&size), sizeof(size));
  file << text << "abcd";
  file.close();
  const auto byte = [](const TensorFile& tensors, const char* name) {
    return static_cast<char>(*tensors.Find(name).data);
  };
  nlohmann::json config = Config();
  for (const char* mode : {"last", "wo_last"}) {
    config["dropout_mode"] = mode;
    std::ofstream(folder.path() / "config_Z.json") << config;
    const RecordedWeights weights(folder.path(), "Z");
    const TensorFile tensors(weights.path());
    CHECK(tensors.entries().size() == 4);
    CHECK(byte(tensors, "perceiver.latents") == 'd');
    const bool renamed = mode == std::string("wo_last");
    CHECK((weights.path().parent_path() != folder.path()) == renamed);
    CHECK(byte(tensors, renamed ? "extra_exit.gripper.mlp.0.weight" : "extra_exit.gripper.mlp.1.weight") ==
          'a');
    CHECK(byte(tensors, renamed ? "extra_exit.gripper.mlp.0.bias" : "extra_exit.gripper.mlp.1.bias") == 'b');
    CHECK(byte(tensors, renamed ? "extra_exit.gripper.mlp.4.weight" : "extra_exit.gripper.mlp.3.weight") ==
          'c');
    CHECK(weights.name("extra_exit.gripper.mlp.3.weight") ==
          (renamed ? "extra_exit.gripper.mlp.4.weight" : "extra_exit.gripper.mlp.3.weight"));
  }
}

}  // namespace
}  // namespace deerbench::test
