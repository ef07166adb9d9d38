// An agent from a checkpoint folder on the fused path: pictures, state and a sentence in, action out.
#pragma once

#include <filesystem>
#include <utility>

#include "agent/fused/fused_model.h"
#include "agent/sentence_agent.h"

namespace deerbench::fused {

class FusedAgent : public SentenceAgent<FusedModel> {
 public:
  FusedAgent(const std::filesystem::path& folder, ExitOptions exits, const FusedOptions& options = {})
      : SentenceAgent(OpenCheckpoint(folder), std::move(exits), options) {}
};

}  // namespace deerbench::fused
