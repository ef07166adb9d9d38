#include "agent/checkpoint_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "agent/json_text.h"
#include "agent/prompt.h"
#include "agent/tensor_file.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kTexts[] = {"config.json", "metadata.json", "tokenizer.json"};
constexpr const char* kWeights = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr uint64_t kMaxTextBytes = 64 << 20;

json ReadJson(const fs::path& file) {
  json object = ParseJson(ReadFile(file, kMaxTextBytes));
  if (!object.is_object()) Fail(fmt::format("{}: not a JSON object", file.string()));
  return object;
}

// Piece by piece: weights can be larger than the memory.
std::string FileSha256(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> buffer(1 << 20);
  Sha256 digest;
  while (stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || stream.gcount() > 0)
    digest.Update(std::string_view(buffer.data(), static_cast<size_t>(stream.gcount())));
  if (!stream.eof()) Fail(fmt::format("{}: cannot be read", file.string()));
  return digest.HexDigest();
}

// As `sha256sum` prints files of one folder.
std::string Sha256Lines(const std::vector<fs::path>& files) {
  std::string lines;
  for (const fs::path& file : files)
    lines += fmt::format("{}  {}\n", FileSha256(file), file.filename().string());
  return lines;
}

}  // namespace

fs::path CheckpointFolder::weights() const {
  return path / (!fs::exists(path / kWeights) && fs::exists(path / kIndex) ? kIndex : kWeights);
}

std::vector<fs::path> CheckpointFolder::WeightFiles() const {
  const fs::path file = weights();
  if (file.filename() != kIndex) return {file};
  std::vector<fs::path> files = ShardFiles(file);
  files.push_back(file);
  std::sort(files.begin(), files.end());
  return files;
}

std::string CheckpointFolder::WeightsSha256() const {
  const std::vector<fs::path> files = WeightFiles();
  return files.size() == 1 ? FileSha256(files[0]) : Sha256Hex(Sha256Lines(files));
}

std::string CheckpointFolder::Sha256() const {
  std::vector<fs::path> files = WeightFiles();
  for (const char* text : kTexts) files.push_back(path / text);
  std::sort(files.begin(), files.end());
  return Sha256Hex(Sha256Lines(files));
}

CheckpointMetadata MetadataFromJson(const json& object, const std::string& file) {
  CheckpointMetadata metadata;
  const auto text = [&](const char* key) {
    const auto it = object.find(key);
    if (it == object.end()) Fail(fmt::format("{}: key '{}' is missing", file, key));
    if (!it->is_string() || it->get_ref<const std::string&>().empty())
      Fail(fmt::format("{}: '{}' is {}, expected a text", file, key, Shown(*it)));
    return it->get<std::string>();
  };
  metadata.name = text("name");
  metadata.env_version = text("env_version");
  const auto scenes = object.find("train_scenes");
  if (scenes == object.end()) Fail(fmt::format("{}: key 'train_scenes' is missing", file));
  const auto is_scene = [](const json& scene) {
    return scene.is_string() && scene.get_ref<const std::string&>().size() == 1 &&
           std::string_view("ABCD").find(scene.get_ref<const std::string&>()[0]) != std::string_view::npos;
  };
  if (!scenes->is_array() || scenes->empty() || !std::all_of(scenes->begin(), scenes->end(), is_scene))
    Fail(fmt::format("{}: 'train_scenes' is {}, expected a list of scenes A to D", file, Shown(*scenes)));
  metadata.train_scenes = scenes->get<std::vector<std::string>>();
  std::sort(metadata.train_scenes.begin(), metadata.train_scenes.end());
  metadata.details = object;
  for (const char* key : {"name", "env_version", "train_scenes"}) metadata.details.erase(key);
  return metadata;
}

json ToJson(const CheckpointMetadata& metadata) {
  json object = metadata.details;
  object["name"] = metadata.name;
  object["env_version"] = metadata.env_version;
  object["train_scenes"] = metadata.train_scenes;
  return object;
}

CheckpointFolder OpenCheckpoint(const fs::path& path) {
  if (!fs::is_directory(path)) Fail(fmt::format("{}: not a folder, expected a checkpoint", path.string()));
  CheckpointFolder folder;
  folder.path = path;
  for (const fs::path& file : {path / kTexts[0], path / kTexts[1], folder.weights(), path / kTexts[2]}) {
    if (!fs::is_regular_file(file)) Fail(fmt::format("{}: missing, expected in a checkpoint", file.string()));
  }
  const fs::path config = path / "config.json", metadata = path / "metadata.json";
  const json config_json = ReadJson(config);
  try {
    folder.config = ConfigFromJson(config_json);
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", config.string(), error.what()));
  }
  folder.tokenizer = Tokenizer::FromFile(path / "tokenizer.json");
  CheckTokenizer(folder.tokenizer, folder.config.language, folder.config.prompt);
  folder.metadata = MetadataFromJson(ReadJson(metadata), metadata.string());
  return folder;
}

void WriteCheckpointTexts(const fs::path& path, const AgentConfig& config, const std::string& tokenizer,
                          const CheckpointMetadata& metadata) {
  CheckTokenizer(Tokenizer::FromJson(tokenizer, "tokenizer.json"), config.language, config.prompt);
  fs::create_directories(path);
  WriteFileAtomically(path / "config.json", ToJson(config).dump(2) + "\n");
  WriteFileAtomically(path / "tokenizer.json", tokenizer);
  WriteFileAtomically(path / "metadata.json", ToJson(metadata).dump(2) + "\n");
}

}  // namespace deerbench
