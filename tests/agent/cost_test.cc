#include "agent/cost.h"

#include <catch2/catch.hpp>

namespace deerbench {
namespace {

TEST_CASE("The official sizes cost what the official code was measured to cost") {
  const AgentConfig c = PresetConfig("3b");
  // fvcore on the official modules, one layer at T tokens; it counts norms too, 0.2 %.
  const auto layer = [&](int tokens) { return LayerMacs(c, 0, tokens) * 1e-9; };
  CHECK(layer(10) == Approx(0.996).margin(3e-3));
  CHECK(layer(13) == Approx(1.255).margin(3e-3));
  CHECK(layer(14) == Approx(1.342).margin(3e-3));
  CHECK(layer(32) == Approx(2.896).margin(3e-3));
  AgentConfig deep = c;
  deep.language.layers = 24;
  CHECK(LanguageMacs(deep, 4, 13) * 1e-9 == Approx(5.0).margin(0.1));
  CHECK(LanguageMacs(deep, 12, 13) * 1e-9 == Approx(15.0).margin(0.1));
  CHECK(LanguageMacs(deep, 24, 13) * 1e-9 == Approx(30.1).margin(0.1));
  // There it leaves out the attention's products, 24 times two of 257 x 257 x 1024.
  CHECK(VisionMacs(c.vision) * 1e-9 == Approx(2 * (77.8 + 3.25)).margin(0.1));
  CHECK(ResamplerMacs(c) * 1e-9 == Approx(2 * 5.78).margin(0.05));
  CHECK(HeadMacs(c) * 1e-6 == Approx(41.0).margin(0.2));
}

TEST_CASE("The official sizes have the official numbers of weights") {
  const AgentConfig c = PresetConfig("3b");
  AgentConfig plain = c;
  plain.cross_attention.every_n_layers = 2;
  const uint64_t decoder = LayerParameters(plain, 0);
  CHECK(decoder * 1e-6 == Approx(50.340).margin(6e-4));
  CHECK((LayerParameters(c, 0) - decoder) * 1e-6 == Approx(36.708).margin(6e-4));
  CHECK(ResamplerParameters(c) * 1e-6 == Approx(63.02).margin(6e-3));
  CHECK(VisionParameters(c.vision) * 1e-6 == Approx(303.97).margin(6e-3));
  CHECK(HeadParameters(c) * 1e-6 == Approx(40.95).margin(6e-3));
}

TEST_CASE("A step of the small agent costs at most 40 million multiply-accumulates") {
  const AgentConfig c = PresetConfig("nano");
  const StepMacs all = CountStep(c, 12, 12, 7);
  CHECK(all.total() < 40'000'000);
  CHECK(all.total() == all.vision + all.resampler + all.state + all.llm + all.head);
  const StepMacs first = CountStep(c, 12, 2, 2);
  CHECK(first.llm * 6 == all.llm);
  CHECK(first.vision == all.vision);
}

}  // namespace
}  // namespace deerbench
