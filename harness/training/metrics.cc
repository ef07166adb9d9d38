#include "harness/training/metrics.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace deerbench {

MetricsLog::MetricsLog(const std::filesystem::path& path) : file_(path, std::ios::app) {
  if (!file_) Fail(fmt::format("{}: cannot be opened", path.string()));
}

void MetricsLog::Write(const std::string& stage, int step, const nlohmann::json& values) {
  nlohmann::ordered_json line = {{"stage", stage}, {"step", step}};
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  line["wall_s"] = std::round(wall_s * 10) / 10;
  line.update(values);
  file_ << line.dump() << std::endl;
}

}  // namespace deerbench
