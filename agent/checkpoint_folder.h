// A checkpoint on disk: a folder with config.json (AgentConfig), model.safetensors, tokenizer.json,
// metadata.json. Needs no tensor library.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/tokenizer.h"

namespace deerbench {

// Where the weights come from. Further facts (data, training figures) are kept as they are.
struct CheckpointMetadata {
  std::string name;
  std::vector<std::string> train_scenes;              // letters, ascending: what a split is held against
  std::string env_version;                            // of the simulator that made the data
  nlohmann::json details = nlohmann::json::object();  // every other key
};

struct CheckpointFolder {
  std::filesystem::path path;
  AgentConfig config;
  Tokenizer tokenizer;
  CheckpointMetadata metadata;

  std::filesystem::path weights() const { return path / "model.safetensors"; }
  // Of the content: the digest of what `sha256sum config.json metadata.json model.safetensors tokenizer.json`
  // prints.
  std::string Sha256() const;
};

// Reads everything but the weights and checks that the parts fit each other; the weights must be there.
// Throws Error naming file, field and value.
CheckpointFolder OpenCheckpoint(const std::filesystem::path& path);

CheckpointMetadata MetadataFromJson(const nlohmann::json& json, const std::string& file);
nlohmann::json ToJson(const CheckpointMetadata& metadata);

// Writes config.json, tokenizer.json (its text as given) and metadata.json, each whole or not at all; makes
// the folder.
void WriteCheckpointTexts(const std::filesystem::path& path, const AgentConfig& config,
                          const std::string& tokenizer, const CheckpointMetadata& metadata);

}  // namespace deerbench
