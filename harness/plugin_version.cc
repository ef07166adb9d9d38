// The plugins' side of plugin.h.
#include "base/version.h"
#include "harness/plugin.h"

__attribute__((visibility("default"))) const char* DeerbenchPluginVersion() {
  return deerbench::Version().data();
}
