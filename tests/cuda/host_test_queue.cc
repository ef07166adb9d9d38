// Emulated, threads backwards in every other queue: a kernel must not depend on their order.
#include "agent/cuda/host_queue.h"
#include "tests/cuda/test_queue.h"

namespace deerbench::cuda {

std::unique_ptr<Queue> MakeTestQueue(const std::string&) {
  static int made = 0;
  return MakeHostQueue(made++ % 2 == 0 ? ThreadOrder::kForwards : ThreadOrder::kBackwards);
}

int TestSteps(int all) { return all < 3 ? all : 3; }

}  // namespace deerbench::cuda
