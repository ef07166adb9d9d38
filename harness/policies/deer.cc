// DeeR: the multi-exit agent (arXiv 2411.02359).
#include "harness/policies/deer/checkpoint_info.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policies/policies.h"

namespace deerbench {

PolicyEntry DeerPolicyEntry() {
  return {.name = "deer",
          .help = "multi-exit agent that sees, listens and acts",
          .options = DeerOptions(),
          .make = [](const PolicyContext& context) -> AnyPolicy {
            const SceneDescription& scene = context.scene->description();
            CheckPictures(OpenCheckpoint(context.config.policy_options.at("checkpoint")),
                          scene.static_camera.width, scene.gripper_camera.width);
            return MakeDeerPolicy(context.config, context.installation, context.sentences);
          },
          .resolve = ResolveDeer};
}

}  // namespace deerbench
