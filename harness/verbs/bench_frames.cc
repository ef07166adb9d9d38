// deerbench bench frames: training windows out of a dataset, drawn from its states and read where stored.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "datasets/frame_loader.h"
#include "harness/eval_config.h"
#include "harness/machine.h"
#include "harness/resources.h"
#include "harness/verbs/bench.h"

namespace deerbench {
namespace {

constexpr int kWindow = 12;        // consecutive steps, as in training
constexpr int kWindowsAtOnce = 8;  // asked for in one call

struct Settings {
  std::string file, windows = "96", threads;
  bool json = false;
};

struct FrameSpeed {
  int pairs = 0;
  double wall_s = 0, cpu_s = 0;
};

// Windows at random places of random demonstrations.
FrameSpeed Measure(FrameLoader& loader, const DemoReader& reader, int windows) {
  using Clock = std::chrono::steady_clock;
  SplitMix64 random(1);
  std::vector<uint8_t> rgb_static(kWindowsAtOnce * kWindow * FrameLoader::kStaticBytes);
  std::vector<uint8_t> rgb_gripper(kWindowsAtOnce * kWindow * FrameLoader::kGripperBytes);
  FrameSpeed speed;
  // The first call makes the renderers' caches and is not counted.
  for (int done = -kWindowsAtOnce; done < windows; done += kWindowsAtOnce) {
    std::vector<FrameRef> frames;
    for (int w = 0; w < kWindowsAtOnce; ++w) {
      const int demo = static_cast<int>(random.Below(static_cast<uint64_t>(reader.size())));
      const int length = reader.demos()[static_cast<size_t>(demo)].length;
      const int start = static_cast<int>(random.Below(static_cast<uint64_t>(length)));
      for (int k = 0; k < kWindow; ++k) frames.push_back({.demo = demo, .step = std::min(start + k, length)});
    }
    const Clock::time_point wall = Clock::now();
    const std::clock_t cpu = std::clock();  // of all threads
    loader.Load(frames, {.rgb_static = rgb_static.data(), .rgb_gripper = rgb_gripper.data()});
    if (done < 0) continue;
    speed.wall_s += std::chrono::duration<double>(Clock::now() - wall).count();
    speed.cpu_s += static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    speed.pairs += static_cast<int>(frames.size());
  }
  return speed;
}

int Run(const Settings& settings, const Program& program) {
  const auto reader = std::make_shared<const DemoReader>(settings.file);
  Require(reader->size() > 0, settings.file + ": holds no demonstrations");
  const int windows = ParseInt("windows", settings.windows, kWindowsAtOnce, 1'000'000);
  const int threads =
      settings.threads.empty() ? QueryMachine().cores : ParseInt("threads", settings.threads, 1, 256);
  const std::string scenes = FindScenes("", program.env_scenes, program.executable).string();
  const auto by_letter = LoadScenesOf(*reader, scenes);
  nlohmann::ordered_json json{{"schema", "deerbench.bench_frames/1"}, {"threads", threads}};
  const auto measure = [&](const char* how, bool draw, const std::string& prefix) {
    FrameLoader loader(reader, by_letter, {.threads = threads, .draw = draw});
    const FrameSpeed speed = Measure(loader, *reader, windows);
    const double per_second = speed.pairs / speed.wall_s, core_ms = 1e3 * speed.cpu_s / speed.pairs;
    PrintError(
        fmt::format("{:6} {} frame pairs in windows of {}, {} thread{}: {:.0f} a second, {:.2f} "
                    "core-milliseconds a pair\n",
                    how, speed.pairs, kWindow, threads, threads == 1 ? "" : "s", per_second, core_ms));
    json["pairs"] = speed.pairs;
    json[prefix + "pairs_per_s"] = per_second;
    json[prefix + "core_ms_per_pair"] = core_ms;
  };
  const auto all = [&](auto&& has) { return std::ranges::all_of(reader->demos(), has); };
  const bool drawable = all([](const DemoInfo& demo) { return demo.has_states; });
  const bool stored = all([](const DemoInfo& demo) { return HasPictures(demo); });
  Require(drawable || stored,
          settings.file + ": expected states in all demonstrations, or stored pictures in all of them");
  if (drawable) measure("drawn", true, "");
  if (stored) measure("stored", false, "stored_");
  if (settings.json) PrintOutput(json.dump(2) + "\n");
  return kDone;
}

}  // namespace

void AddBenchFrames(CLI::App& bench, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb = bench.add_subcommand(
      "frames", "Training windows out of a dataset, drawn from its states and read where stored");
  verb->add_option("file", settings->file, "HDF5 file of demonstrations")->required();
  verb->add_option("--windows", settings->windows, "how many windows of 12 steps (default 96)");
  verb->add_option("--threads", settings->threads, "threads that draw (default one a core)");
  verb->add_flag("--json", settings->json, "print the figures on standard output");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
