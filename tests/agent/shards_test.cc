// Weights in several files with an index, as Hugging Face writes large models.
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/checkpoint_folder.h"
#include "agent/tensor_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

std::string Refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

void WriteText(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A safetensors file of bytes: every tensor holds its own name.
void WriteShard(const fs::path& path, const std::vector<std::string>& names) {
  nlohmann::json header = nlohmann::json::object();
  std::string body;
  for (const std::string& name : names) {
    header[name] = {{"dtype", "U8"},
                    {"shape", {name.size()}},
                    {"data_offsets", {body.size(), body.size() + name.size()}}};
    body += name;
  }
  const std::string text = header.dump();
  const uint64_t size = text.size();
  WriteText(path, std::string(reinterpret_cast<const char*>(&size), 8) + text + body);
}

// Two shards and their index, which a test may change.
struct Sharded {
  Sharded() {
    WriteShard(folder.path() / "model-00001-of-00002.safetensors", {"alpha", "be"});
    WriteShard(folder.path() / "model-00002-of-00002.safetensors", {"gamma"});
    WriteIndex();
  }
  void WriteIndex() const { WriteText(index, json.dump()); }
  std::string Load() {
    WriteIndex();
    return Refusal([&] { TensorFile{index}; });
  }

  TemporaryFolder folder;
  fs::path index = folder.path() / "model.safetensors.index.json";
  nlohmann::json json = {{"metadata", {{"total_size", 12}}},
                         {"weight_map",
                          {{"alpha", "model-00001-of-00002.safetensors"},
                           {"be", "model-00001-of-00002.safetensors"},
                           {"gamma", "model-00002-of-00002.safetensors"}}}};
};

TEST_CASE("Shards are one file of tensors") {
  const Sharded sharded;
  const TensorFile file(sharded.index);
  REQUIRE(file.entries().size() == 3);
  for (const auto& [name, entry] : file.entries())
    CHECK(std::string(reinterpret_cast<const char*>(entry.data), entry.bytes) == name);
  CHECK(file.path() == sharded.index);
  uint64_t bytes = 0;
  for (const fs::path& shard : ShardFiles(sharded.index)) bytes += fs::file_size(shard);
  CHECK(file.file_bytes() == bytes);
}

TEST_CASE("A checkpoint's weights are one file or shards, and either way its digests follow them") {
  const Sharded sharded;
  CheckpointFolder checkpoint;
  checkpoint.path = sharded.folder.path();
  for (const char* text : {"config.json", "metadata.json", "tokenizer.json"})
    WriteText(checkpoint.path / text, text);
  CHECK(checkpoint.weights() == sharded.index);
  std::string weights, all;
  for (const char* name :
       {"config.json", "metadata.json", "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors", "model.safetensors.index.json", "tokenizer.json"}) {
    const std::string line = Sha256Hex(ReadFile(checkpoint.path / name)) + "  " + name + "\n";
    if (std::string_view(name).starts_with("model")) weights += line;
    all += line;
  }
  CHECK(checkpoint.WeightsSha256() == Sha256Hex(weights));
  CHECK(checkpoint.Sha256() == Sha256Hex(all));

  const fs::path single = checkpoint.path / "model.safetensors";
  WriteShard(single, {"alpha"});
  CHECK(checkpoint.weights() == single);
  CHECK(checkpoint.WeightsSha256() == Sha256Hex(ReadFile(single)));
}

TEST_CASE("An index that does not fit its shards is refused with the tensor") {
  Sharded sharded;
  const std::string name = sharded.index.string();
  REQUIRE(sharded.Load() == "accepted");

  auto& map = sharded.json["weight_map"];
  map["be"] = "model-00002-of-00002.safetensors";
  CHECK(sharded.Load() ==
        name + ": tensor 'be' lies in model-00001-of-00002.safetensors, expected where the index says");
  map["be"] = "model-00001-of-00002.safetensors";
  map["delta"] = "model-00002-of-00002.safetensors";
  CHECK(sharded.Load() == name + ": tensor 'delta' is missing in model-00002-of-00002.safetensors");
  map.erase("delta");
  map.erase("alpha");
  CHECK(sharded.Load() ==
        name + ": tensor 'alpha' lies in model-00001-of-00002.safetensors, expected where the index says");
  for (const char* place : {"../model.safetensors", "/etc/passwd", "model.safetensors.index.json", ""}) {
    map["alpha"] = place;
    CHECK(sharded.Load() == name + ": not an index of safetensors files: tensor 'alpha' lies in '" + place +
                                "', expected a .safetensors file beside the index");
  }
  map["alpha"] = 7;
  CHECK(sharded.Load() == name + ": not an index of safetensors files: the file of tensor 'alpha' is 7");
  map["alpha"] = "model-00001-of-00002.safetensors";
  map["omega"] = "model-00003-of-00002.safetensors";
  CHECK_THAT(sharded.Load(), Catch::Contains("model-00003-of-00002.safetensors: cannot open"));
  for (const char* text : {"", "[]", "{}", R"({"weight_map": {}})", R"({"weight_map": 3})"}) {
    WriteText(sharded.index, text);
    CHECK(Refusal([&] { TensorFile{sharded.index}; }) ==
          name + ": not an index of safetensors files: no 'weight_map' with tensors");
  }
}

}  // namespace
}  // namespace deerbench
