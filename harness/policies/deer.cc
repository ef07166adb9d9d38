// DeeR: the multi-exit agent (arXiv 2411.02359).
#include "harness/policies/deer/deer_options.h"
#include "harness/policies/policies.h"

namespace deerbench {

PolicyEntry DeerPolicyEntry() {
  return {.name = "deer",
          .help = "multi-exit agent that sees, listens and acts",
          .options = DeerOptions(),
          .make = [](const PolicyContext& context) -> AnyPolicy {
            return MakeDeerPolicy(context.config, context.installation, context.sentences);
          },
          .resolve = ResolveDeer};
}

}  // namespace deerbench
