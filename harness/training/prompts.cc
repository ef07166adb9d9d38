#include "harness/training/prompts.h"

#include <algorithm>

#include "agent/prompt.h"

namespace deerbench {

Phrasings TrainingPhrasings(const AgentConfig& agent, const Tokenizer& tokenizer,
                            const Instructions& instructions) {
  CheckTokenizer(tokenizer, agent.language);
  const auto encode = [&](const std::string& sentence) {
    return PromptTokens(sentence, tokenizer, agent.prompt);
  };
  Phrasings phrasings;
  for (TaskId task = 0; task < kTaskCount; ++task) {
    for (const std::string& sentence : instructions.Training(task))
      phrasings[task].push_back(encode(sentence));
    const size_t canonical = std::max<size_t>(1, phrasings[task].size() / 3);
    for (size_t i = 0; i < canonical; ++i) phrasings[task].push_back(encode(instructions.Canonical(task)));
  }
  return phrasings;
}

}  // namespace deerbench
