#include "sim/tasks/chains.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <iostream>

#include "base/error.h"

namespace deerbench {
namespace {

TEST_CASE("dump") {
  for (const Chain& c : Chains(ChainSet::kEvaluation, 1000)) std::cout << ToJson(c) << "\n";
}
}
}
