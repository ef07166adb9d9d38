// Which generation of the environment numbers and pictures come from.
#pragma once

namespace deerbench {

// The -v0 of the Gymnasium names. From 0.1.0 on, whatever changes frames or physics raises it: datasets and
// checkpoints say which one they were made with.
inline constexpr int kEnvVersion = 0;

}  // namespace deerbench
