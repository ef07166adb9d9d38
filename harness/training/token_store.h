// Stage `tokens`: what the frozen vision encoder makes of every frame of a demonstrations file, kept on disk
// in half precision.
#pragma once

#include <memory>

#include "agent/agent_model.h"
#include "harness/training/record_store.h"
#include "harness/training/stage.h"

namespace deerbench {

class TokenStore {
 public:
  // At `path`, of `frames` frames. Tokens are computed anew if `key` (source and encoder) is another than
  // before.
  TokenStore(const std::filesystem::path& path, const std::string& key, const AgentConfig& agent,
             int64_t frames);

  // Draws and encodes what is missing of file number `file` of `data`. Returns false if it was stopped. One
  // encoder a thread.
  bool Fill(StageContext& context, const DemoSet& data, int file, std::vector<AgentModel>& encoders);

  bool complete() const { return store_.filled() == store_.size(); }
  int64_t filled() const { return store_.filled(); }
  // Copies a frame's tokens, static camera's first: (K + K') * D numbers.
  void Read(int64_t frame_of_file, at::Half* out) const;
  // For frames that were encoded while they were acted on: they follow the filled ones.
  void Append(const torch::Tensor& tokens);  // (n, (K + K') * D)

  int64_t numbers() const { return numbers_; }

 private:
  int64_t numbers_;  // a frame
  RecordStore store_;
};

// Both cameras' tokens side by side: (N, (K + K') * D).
torch::Tensor JoinTokens(const CameraTokens& tokens);
CameraTokens SplitTokens(const torch::Tensor& joined, const AgentConfig& agent);

// The stage: one store a file of `data` (tokens-<its name>.bin).
using TokenStores = std::vector<std::unique_ptr<TokenStore>>;
TokenStores OpenTokens(const StageContext& context, const DemoSet& data);
bool FillTokens(StageContext& context, const DemoSet& data, TokenStores& stores);

// The store of one demonstrations file. `source`: SourceKey of it.
std::unique_ptr<TokenStore> OpenTokenStore(const StageContext& context, const std::filesystem::path& demos,
                                           const std::string& source, int64_t frames);

// Puts the pre-trained encoder into a model.
void LoadEncoder(const StageContext& context, AgentModel& model);

}  // namespace deerbench
