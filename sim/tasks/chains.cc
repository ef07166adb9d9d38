#include "sim/tasks/chains.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <thread>

#include "base/error.h"
#include "sim/tasks/feasibility.h"
#include "sim/tasks/numpy_random.h"

namespace deerbench {
namespace {

// The tuning set's seeds start here: far from those of CALVIN's generator, which are 0 to 191.
constexpr uint32_t kTuningSeed = 1'000'000;

// How many of `total` fall to part `index` of `parts`, as numpy.array_split deals them out.
size_t ShareOf(size_t total, size_t parts, size_t index) {
  return total / parts + (index < total % parts ? 1 : 0);
}

// The next feasible chain: random task sequences until one makes sense, some 7000 of them on average.
Chain DrawChain(const SymbolicState& state, NumpyRandomState& random) {
  Chain chain{state, {}};
  do {
    random.Choice(kTaskCount, chain.tasks);
  } while (!Feasible(state, chain.tasks));
  return chain;
}

// `count` chains, dealt out to the initial conditions in their order; draw(index, state, share) makes the
// share of one of them. The shares do not depend on each other, so threads may make them in any order.
template <typename Draw>
std::vector<Chain> DealOut(int count, const Draw& draw) {
  const std::vector<SymbolicState> states = InitialConditions();
  std::vector<std::vector<Chain>> shares(states.size());
  {
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < states.size(); i = next++)
        shares[i] = draw(static_cast<uint32_t>(i), states[i], ShareOf(count, states.size(), i));
    };
    std::vector<std::jthread> threads(std::max(1u, std::thread::hardware_concurrency()) - 1);
    for (std::jthread& thread : threads) thread = std::jthread(work);
    work();
  }
  std::vector<Chain> chains;
  for (const std::vector<Chain>& share : shares) chains.insert(chains.end(), share.begin(), share.end());
  return chains;
}

std::vector<Chain> TuningSet() {
  const std::vector<Chain> evaluation = CalvinSequences(kEvaluationChains);
  std::vector<Chain> chains =
      DealOut(kTuningChains, [&](uint32_t index, const SymbolicState& state, size_t share) {
        NumpyRandomState random(kTuningSeed + index);
        std::vector<Chain> drawn;
        while (drawn.size() < share) {
          const Chain chain = DrawChain(state, random);
          if (std::ranges::count(evaluation, chain) == 0 && std::ranges::count(drawn, chain) == 0)
            drawn.push_back(chain);
        }
        return drawn;
      });
  NumpyRandomState(kTuningSeed - 1).Shuffle(std::span(chains));
  return chains;
}

}  // namespace

std::vector<Chain> CalvinSequences(int count) {
  if (count < 0) Fail(fmt::format("chains: count is {}, expected 0 or more", count));
  std::vector<Chain> chains = DealOut(count, [](uint32_t index, const SymbolicState& state, size_t share) {
    NumpyRandomState random(index);
    std::vector<Chain> drawn;
    for (size_t k = 0; k < share; ++k) drawn.push_back(DrawChain(state, random));
    return drawn;
  });
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
