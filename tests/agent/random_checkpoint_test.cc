// Checkpoints with random weights, written in pieces.
#include "agent/random_checkpoint.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "agent/checkpoint_folder.h"
#include "agent/cost.h"
#include "agent/tensor_file.h"
#include "base/error.h"
#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

std::string TokenizerText() { return ReadFile(fs::path(std::getenv("DEERBENCH_SCENES")) / "tokenizer.json"); }

TEST_CASE("A checkpoint of random weights opens, in shards of the size asked for and the same every time") {
  const TemporaryFolder folder;
  const std::string tokenizer = TokenizerText();
  const AgentConfig config = RandomCheckpointConfig("nano", 5, tokenizer);
  CHECK(config.language.layers == 5);
  const RandomCheckpointOptions options{.seed = 7, .shard_bytes = 300'000};
  WriteRandomCheckpoint(folder.path() / "a", config, tokenizer, options);
  WriteRandomCheckpoint(folder.path() / "b", config, tokenizer, options);
  WriteRandomCheckpoint(folder.path() / "c", config, tokenizer, {.seed = 8});

  const CheckpointFolder a = OpenCheckpoint(folder.path() / "a");
  CHECK(ToJson(a.config) == ToJson(config));
  CHECK(a.WeightFiles().size() > 4);
  for (const fs::path& file : a.WeightFiles()) CHECK(fs::file_size(file) < 400'000);
  CHECK(a.Sha256() == OpenCheckpoint(folder.path() / "b").Sha256());
  CHECK(a.Sha256() != OpenCheckpoint(folder.path() / "c").Sha256());

  const TensorFile file(a.weights());
  uint64_t bytes = 0, weights = 0;
  for (const auto& [name, entry] : file.entries()) {
    bytes += entry.bytes;
    weights += entry.bytes / 4;
  }
  CHECK(bytes == RandomCheckpointBytes(config));
  CHECK(weights == InferenceParameters(config, 5));
  // Uniform numbers of the deviation that keeps an output the size of its input.
  const auto& entry = file.Find("lang_encoder.transformer.blocks.2.decoder_layer.attn.Wqkv.weight");
  double sum = 0, square = 0;
  const size_t count = entry.bytes / 4;
  for (size_t i = 0; i < count; ++i) {
    float value;
    std::memcpy(&value, entry.data + 4 * i, 4);
    sum += value;
    square += static_cast<double>(value) * value;
  }
  CHECK(sum / static_cast<double>(count) == Approx(0).margin(0.005));
  CHECK(std::sqrt(square / static_cast<double>(count)) == Approx(1 / std::sqrt(64.0)).epsilon(0.05));

  CHECK_THROWS_WITH(WriteRandomCheckpoint(folder.path() / "a", config, tokenizer),
                    (folder.path() / "a").string() + ": holds something, expected a new or an empty folder");
  AgentConfig vast = config;
  vast.language.width = 1 << 20;
  CHECK_THROWS_WITH(WriteRandomCheckpoint(folder.path() / "d", vast, tokenizer),
                    Catch::Contains("the disk has"));
}

TEST_CASE("Random weights of the official size have its numbers of weights and shapes") {
  const AgentConfig config = RandomCheckpointConfig("3b", 0, TokenizerText());
  CHECK(config.language.layers == 12);
  CHECK(config.language.vocab_size == PresetConfig("3b").language.vocab_size);
  CHECK(RandomCheckpointBytes(config) == 4 * InferenceParameters(config, 12));
  CHECK_THROWS_WITH(RandomCheckpointConfig("4b", 0, TokenizerText()),
                    "preset is '4b', expected nano, 3b or 9b");
}

}  // namespace
}  // namespace deerbench
