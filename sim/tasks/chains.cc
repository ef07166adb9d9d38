#include "sim/tasks/chains.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "sim/tasks/feasibility.h"
#include "sim/tasks/numpy_random.h"

namespace deerbench {
namespace {

// The tuning set's seeds start here: far from those of CALVIN's generator, which are 0 to 191.
constexpr uint32_t kTuningSeed = 1'000'000;

// How many of `total` fall to part `index` of `parts`, as numpy.array_split deals them out.
int ShareOf(int total, int parts, int index) { return total / parts + (index < total % parts ? 1 : 0); }

// Random task sequences until one is feasible.
Chain DrawChain(const SymbolicState& state, NumpyRandomState& random) {
  Chain chain{state, {}};
  do {
    random.Choice(kTaskCount, chain.tasks);
  } while (!Feasible(state, chain.tasks));
  return chain;
}

std::vector<Chain> TuningSet() {
  const std::vector<Chain> evaluation = CalvinSequences(kEvaluationChains);
  const std::vector<SymbolicState> states = InitialConditions();
  std::vector<Chain> chains;
  for (size_t i = 0; i < states.size(); ++i) {
    NumpyRandomState random(kTuningSeed + static_cast<uint32_t>(i));
    const size_t first = chains.size();
    const size_t share = ShareOf(kTuningChains, static_cast<int>(states.size()), static_cast<int>(i));
    while (chains.size() < first + share) {
      const Chain chain = DrawChain(states[i], random);
      // Chains of other states differ anyway.
      const auto own = std::span(chains).subspan(first);
      if (std::ranges::count(evaluation, chain) == 0 && std::ranges::count(own, chain) == 0)
        chains.push_back(chain);
    }
  }
  NumpyRandomState(kTuningSeed - 1).Shuffle(std::span(chains));
  return chains;
}

}  // namespace

std::vector<Chain> CalvinSequences(int count) {
  if (count < 0) Fail(fmt::format("chains: count is {}, expected 0 or more", count));
  const std::vector<SymbolicState> states = InitialConditions();
  std::vector<Chain> chains;
  chains.reserve(count);
  for (size_t i = 0; i < states.size(); ++i) {
    NumpyRandomState random(static_cast<uint32_t>(i));
    const int share = ShareOf(count, static_cast<int>(states.size()), static_cast<int>(i));
    for (int k = 0; k < share; ++k) chains.push_back(DrawChain(states[i], random));
  }
  NumpyRandomState(0).Shuffle(std::span(chains));
  return chains;
}

std::vector<Chain> Chains(ChainSet set, int count) {
  const int size = set == ChainSet::kEvaluation ? kEvaluationChains : kTuningChains;
  if (count < 1 || count > size) {
    Fail(fmt::format("chains: count is {}, expected 1 to {} ({} set)", count, size,
                     set == ChainSet::kEvaluation ? "evaluation" : "tuning"));
  }
  std::vector<Chain> chains = set == ChainSet::kEvaluation ? CalvinSequences(size) : TuningSet();
  chains.resize(count);
  return chains;
}

std::string ToJson(const Chain& chain) {
  const SymbolicState& s = chain.state;
  std::string tasks;
  for (const TaskId id : chain.tasks) {
    tasks += fmt::format("{}\"{}\"", tasks.empty() ? "" : ", ", Tasks()[id].name);
  }
  return fmt::format(
      R"({{"state": {{"led": {:d}, "lightbulb": {:d}, "slider": "{}", "drawer": "{}", )"
      R"("red_block": "{}", "blue_block": "{}", "pink_block": "{}", "grasped": 0}}, "tasks": [{}]}})",
      static_cast<int>(s.led), static_cast<int>(s.lightbulb), s.slider_left ? "left" : "right",
      s.drawer_open ? "open" : "closed", Name(s.block[0]), Name(s.block[1]), Name(s.block[2]), tasks);
}

}  // namespace deerbench
