// What `deerbench train` asks of the tensor library's side, without its headers.
#pragma once

#include <filesystem>
#include <string>

namespace deerbench {

struct TrainingRequest {
  std::filesystem::path recipe;  // YAML file
  std::filesystem::path out;     // folder of everything that training makes
  bool resume = false;           // the folder may hold an earlier, unfinished run of the same recipe
  std::string stage;             // one stage only, empty for all that are not done
  double minutes = 0;            // stop (as if interrupted) after so long, 0 for never
  int threads = 0;               // 0: all cores
  std::string device;            // "cpu", "cuda", empty: CUDA where there is one
  std::string scenes_dir;        // of our own scenes
  std::string assets_dir;        // CALVIN's data folder, empty for our scenes
};

// The terminal's side.
class TrainingMonitor {
 public:
  virtual ~TrainingMonitor() = default;
  // A new bar: `unit` in the plural.
  virtual void Begin(const std::string& title, const std::string& unit, int total, int done) = 0;
  virtual void Update(int done, const std::string& note) = 0;
  virtual void Print(const std::string& line) = 0;
  // True when the user, or the time limit, wants an end: the stage saves and returns.
  virtual bool Stop() = 0;
};

}  // namespace deerbench
