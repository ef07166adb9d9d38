// deerbench collect: the expert's demonstrations into an HDF5 file.
#include "datasets/collect.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/version.h"
#include "harness/eval_config.h"
#include "harness/machine.h"
#include "harness/process/interrupt.h"
#include "harness/resources.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kMaxCount = 10'000'000;

struct Settings {
  std::string scenes = "D", count = "1000", tasks, noise = "1", chain_share = "0.5", seed = "0", workers, out;
  bool keep_failures = false, resume = false, json = false;
};

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

double ParseNumber(std::string_view key, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    Fail(fmt::format("{}: '{}', expected a number", key, text));
  return value;
}

CollectSettings Resolve(const Settings& given) {
  CollectSettings settings;
  settings.scenes = Split(given.scenes);
  for (const std::string& name : Split(given.tasks)) settings.tasks.push_back(TaskByName(name));
  std::ranges::sort(settings.tasks);
  settings.noise = ParseNumber("noise", given.noise);
  settings.chain_share = ParseNumber("chain_share", given.chain_share);
  settings.keep_failures = given.keep_failures;
  settings.seed = static_cast<uint64_t>(ParseInt("seed", given.seed, 0, 2'147'483'647));
  settings.Validate();
  return settings;
}

DemoWriter OpenOut(const Settings& given, const CollectSettings& settings) {
  if (given.out.empty()) Fail("out: missing, expected --out FILE.h5 for the demonstrations");
  std::error_code error;
  const bool there = fs::exists(given.out, error);
  if (there && !given.resume)
    Fail(fmt::format("out: {} is there already; --resume goes on with it", given.out));
  DemoWriter writer = there ? DemoWriter::Append(given.out) : DemoWriter::Create(given.out, ToJson(settings));
  RequireSameSettings(writer, settings);
  return writer;
}

std::string JsonSummary(const DemoReader& reader, const CollectTally& tally, double wall_s) {
  int64_t steps = 0;
  std::array<int, kTaskCount> counts{};
  std::map<std::string, int> per_scene;
  for (const DemoInfo& demo : reader.demos()) {
    steps += demo.length;
    ++counts[static_cast<size_t>(demo.task)];
    ++per_scene[demo.scene];
  }
  nlohmann::ordered_json json{{"schema", "deerbench.collect/1"},
                              {"file", reader.path().string()},
                              {"settings", nlohmann::ordered_json::parse(reader.info().settings)},
                              {"demonstrations", reader.size()},
                              {"steps", steps},
                              {"bytes", fs::file_size(reader.path())},
                              {"digest", reader.Digest()},
                              {"worlds", tally.units},
                              {"wall_s", wall_s},
                              {"version", Version()}};
  for (const auto& [scene, count] : per_scene) json["per_scene"][scene] = count;
  for (size_t task = 0; task < kTaskCount; ++task) {
    json["per_task"][std::string(Tasks()[task].name)] = {{"demonstrations", counts[task]},
                                                         {"attempts", tally.attempts[task]},
                                                         {"successes", tally.successes[task]}};
  }
  return json.dump(2) + "\n";
}

// The tasks at which the expert fails most, in this run.
std::string Difficulties(const CollectTally& tally) {
  std::vector<size_t> order;
  for (size_t task = 0; task < kTaskCount; ++task) {
    if (tally.successes[task] < tally.attempts[task]) order.push_back(task);
  }
  const auto rate = [&](size_t task) {
    return static_cast<double>(tally.successes[task]) / tally.attempts[task];
  };
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return rate(a) < rate(b); });
  if (order.size() > 4) order.resize(4);
  std::string text;
  for (const size_t task : order) {
    text += fmt::format("{}{} {:.0f} % of {}", text.empty() ? "" : ", ", Tasks()[task].name, 100 * rate(task),
                        tally.attempts[task]);
  }
  return text.empty() ? "none" : text;
}

int Run(const Settings& given, const Program& program) {
  CollectRequest request{
      .settings = Resolve(given), .count = 0, .workers = 0, .scenes = {}, .instructions = {}};
  request.count = ParseInt("count", given.count, 1, kMaxCount);
  request.workers = given.workers.empty()
                        ? std::min<int>(QueryMachine().cores, CollectPlan::kLag)
                        : ParseInt("workers", given.workers, 1, static_cast<int>(CollectPlan::kLag));
  const fs::path folder = FindScenes("", program.env_scenes, program.executable);
  const Instructions instructions = LoadInstructions(folder / "instructions.yaml");
  request.instructions = &instructions;
  for (const std::string& letter : request.settings.scenes)
    request.scenes.push_back(LoadScene(letter, folder.string()));

  const InterruptPipe interrupt;
  std::optional<DemoWriter> writer(OpenOut(given, request.settings));
  const auto before = static_cast<int>(writer->demos().size());
  PrintError(fmt::format(
      "deerbench {} · {} demonstrations of {} · scene{} {} · {} worker{} · {}\n", Version(), request.count,
      request.settings.tasks.empty() ? "all tasks" : fmt::format("{} tasks", request.settings.tasks.size()),
      request.settings.scenes.size() == 1 ? "" : "s", given.scenes, request.workers,
      request.workers == 1 ? "" : "s", given.out));
  if (before > 0) PrintError(fmt::format("{} demonstrations are there from before\n", before));

  const Clock::time_point start = Clock::now();
  CollectTally tally;
  bool done = false;
  {
    ProgressBar bar(program.terminal, "demonstrations", std::max(request.count, before), before);
    int64_t steps = 0;
    const CollectEvents events{.on_demo =
                                   [&](const DemoWriter& file, const CollectTally&) {
                                     steps += file.demos().back().length;
                                     bar.Update(static_cast<int>(file.demos().size()),
                                                fmt::format("{} steps", steps));
                                   },
                               .on_tick =
                                   [&] {
                                     bar.Tick();
                                     pollfd wait{.fd = interrupt.fd(), .events = POLLIN, .revents = 0};
                                     return poll(&wait, 1, 0) > 0;
                                   }};
    done = Collect(request, *writer, events, tally);
    bar.Finish();
  }
  const auto kept = writer->demos().size();
  writer.reset();
  if (!done) {
    PrintError(
        fmt::format("deerbench: interrupted; {} of {} demonstrations are kept in {}: the same command "
                    "with --resume goes on\n",
                    kept, request.count, given.out));
    return kInterrupted;
  }
  const double wall_s = std::chrono::duration<double>(Clock::now() - start).count();
  const DemoReader reader(given.out);
  int64_t steps = 0;
  for (const DemoInfo& demo : reader.demos()) steps += demo.length;
  PrintError(
      fmt::format("{} demonstrations, {} steps, {:.1f} MB, {}\nhardest   {}\ndigest    {}\nfile      {}\n",
                  reader.size(), steps, static_cast<double>(fs::file_size(given.out)) / 1e6,
                  FormatDuration(wall_s), Difficulties(tally), reader.Digest(), given.out));
  if (given.json) PrintOutput(JsonSummary(reader, tally, wall_s));
  return kDone;
}

}  // namespace

void AddCollect(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb = app.add_subcommand("collect", "Write the expert's demonstrations to a file");
  verb->add_option("--scenes", settings->scenes, "letters with commas between: D, or A,B,C (default D)");
  verb->add_option("--count", settings->count, "demonstrations in the file at the end (default 1000)");
  verb->add_option("--tasks", settings->tasks, "names with commas between (default all 34)");
  verb->add_option("--noise", settings->noise,
                   "scale of what is executed beside the expert's action, 0 to 10 (default 1)");
  verb->add_option("--chain-share", settings->chain_share,
                   "share of the worlds in which up to five tasks are done in a row (default 0.5)");
  verb->add_flag("--keep-failures", settings->keep_failures,
                 "write demonstrations that did not succeed, too");
  verb->add_option("--seed", settings->seed, "another seed, other demonstrations (default 0)");
  verb->add_option("--workers", settings->workers, "threads (default one a core)");
  verb->add_option("--out", settings->out, "HDF5 file for the demonstrations, new");
  verb->add_flag("--resume", settings->resume,
                 "go on with what --out holds; --count may be larger than before");
  verb->add_flag("--json", settings->json, "print a summary on standard output");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
