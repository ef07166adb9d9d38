// deerbench chains: the chains that policies are judged by, for other programs.
#include <memory>

#include "harness/eval_config.h"
#include "harness/verbs/verb.h"
#include "sim/tasks/chains.h"

namespace deerbench {
namespace {

struct Settings {
  std::string count = std::to_string(kEvaluationChains);
  std::string set = "evaluation";
  bool json = false;
};

void Run(const Settings& settings) {
  const ChainSet set = ParseChainSet(settings.set);
  const int count = ParseInt("count", settings.count, 1, ChainSetSize(set));
  std::string lines;
  for (const Chain& chain : Chains(set, count)) lines += ToJson(chain) + "\n";
  PrintOutput(lines);
}

}  // namespace

void AddChains(CLI::App& app, Program&) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb = app.add_subcommand("chains", "Print evaluation chains, one JSON object a line");
  verb->add_option("--count", settings->count, "how many, from the first on (default 1000)");
  verb->add_option("--chain-set", settings->set, "evaluation (CALVIN's own) or tuning");
  verb->add_flag("--json", settings->json, "the only form there is");
  verb->callback([settings] { Run(*settings); });
}

}  // namespace deerbench
