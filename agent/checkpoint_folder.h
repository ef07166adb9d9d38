// A checkpoint on disk: a folder with config.json (AgentConfig), model.safetensors or its shards,
// tokenizer.json, metadata.json. Needs no tensor library.
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

  // What TensorFile opens: model.safetensors or, where the weights are in shards, their index.
  std::filesystem::path weights() const;
  // The files of the weights in name order: one, or the shards and their index.
  std::vector<std::filesystem::path> WeightFiles() const;
  // Of the weights: the file's, or with shards the digest of what `sha256sum` prints of WeightFiles().
  std::string WeightsSha256() const;
  // Of the content: the digest of what `sha256sum config.json metadata.json model.safetensors tokenizer.json`
  // prints, or with shards `sha256sum config.json metadata.json model-*.safetensors
  // model.safetensors.index.json tokenizer.json`.
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
