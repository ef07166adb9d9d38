// metrics.jsonl: one JSON object a line, appended as training goes on.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace deerbench {

class MetricsLog {
 public:
  explicit MetricsLog(const std::filesystem::path& path);
  // Adds "stage", "step" and "wall_s" (since this process began) to `values`.
  void Write(const std::string& stage, int step, const nlohmann::json& values);

 private:
  std::ofstream file_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace deerbench
