// deerbench replay: carry out the actions of a dataset once more and say where its states depart, or what the
// expert would answer today.
#include "datasets/replay.h"

#include <fmt/format.h>
#include <poll.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/version.h"
#include "datasets/demo_file.h"
#include "datasets/relabel.h"
#include "harness/eval_config.h"
#include "harness/machine.h"
#include "harness/process/interrupt.h"
#include "harness/resources.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

using Scenes = std::map<std::string, std::shared_ptr<const SceneModel>>;

struct Settings {
  std::string file, first = "0", count, workers, relabel;
  bool json = false;
};

struct Job {
  const DemoReader& reader;
  const Scenes& scenes;
  int first = 0, count = 0;
  std::vector<ReplayOutcome> outcomes;
};

// What went wrong with a demonstration, with its place in front.
Error ErrorIn(const DemoReader& reader, int demo, const Error& trouble) {
  const std::string text = trouble.what(), name = reader.path().string();
  return text.starts_with(name) ? trouble : Error(fmt::format("{}: data/demo_{}: {}", name, demo, text));
}

// Replays all demonstrations of the job on `workers` threads. False if it was interrupted.
bool ReplayAll(Job& job, int workers, const Terminal& terminal) {
  job.outcomes.resize(static_cast<size_t>(job.count));
  std::atomic<int> next = 0, done = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::exception_ptr error;
  const auto work = [&] {
    for (int i = next++; i < job.count && !stop; i = next++) {
      const int demo = job.first + i;
      try {
        const Demonstration whole = job.reader.Read(demo);
        job.outcomes[static_cast<size_t>(i)] = Replay(job.scenes.at(whole.info.scene), whole);
      } catch (const Error& trouble) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::make_exception_ptr(ErrorIn(job.reader, demo, trouble));
        stop = true;
      }
      ++done;
    }
  };
  const InterruptPipe interrupt;
  bool interrupted = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back(work);
    ProgressBar bar(terminal, "demonstrations", job.count, 0);
    while (done < job.count && !stop) {
      pollfd wait{.fd = interrupt.fd(), .events = POLLIN, .revents = 0};
      if (poll(&wait, 1, 100) > 0) stop = interrupted = true;
      bar.Update(std::min<int>(done, job.count), "");
      bar.Tick();
    }
    bar.Finish();
  }
  if (error) std::rethrow_exception(error);
  return !interrupted;
}

// Those of the file that is copied, marked: `collect --resume` goes on with its own files alone.
std::string RelabelledSettings(const std::string& settings) {
  auto json = nlohmann::ordered_json::parse(settings, nullptr, false);
  if (!json.is_object()) json = nlohmann::ordered_json::object({{"settings", settings}});
  json["relabelled_by"] = fmt::format("deerbench {}", Version());
  return json.dump();
}

// Reads a demonstration with all that is stored beside it and labels it anew.
Demonstration ReadRelabelled(const DemoReader& reader, int index, const Scenes& scenes, int64_t& changed) {
  Demonstration demo = reader.Read(index);
  for (const std::string& name : demo.info.stored) demo.stored.push_back(reader.ReadStored(index, name));
  changed += Relabel(scenes.at(demo.info.scene), demo).changed;
  return demo;
}

// Writes all of the reader's demonstrations with today's labels, or nothing. One thread: they are written in
// their order.
int RelabelAll(const DemoReader& reader, const Scenes& scenes, const Settings& given,
               const Program& program) {
  const InterruptPipe interrupt;
  DemoWriter writer =
      DemoWriter::CreateUnpublished(given.relabel, RelabelledSettings(reader.info().settings));
  ProgressBar bar(program.terminal, "demonstrations", reader.size(), 0);
  int64_t steps = 0, changed = 0;
  for (int i = 0; i < reader.size(); ++i) {
    try {
      const Demonstration demo = ReadRelabelled(reader, i, scenes, changed);
      steps += demo.info.length;
      writer.Append(demo);
    } catch (const Error& trouble) {
      Fail(fmt::format("{}; nothing was written", ErrorIn(reader, i, trouble).what()));
    }
    bar.Update(i + 1, "");
    bar.Tick();
    pollfd wait{.fd = interrupt.fd(), .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, 0) > 0) {
      bar.Finish();
      PrintError("deerbench: interrupted; nothing was written\n");
      return kInterrupted;
    }
  }
  bar.Finish();
  writer.Publish();
  PrintError(fmt::format("{} demonstrations in {}, {} of {} steps labelled otherwise\n", reader.size(),
                         given.relabel, changed, steps));
  if (given.json) {
    PrintOutput(nlohmann::ordered_json{{"schema", "deerbench.relabel/1"},
                                       {"file", given.file},
                                       {"out", given.relabel},
                                       {"demonstrations", reader.size()},
                                       {"steps", steps},
                                       {"changed", changed}}
                    .dump(2) +
                "\n");
  }
  return kDone;
}

int Run(const Settings& given, const Program& program) {
  const DemoReader reader(given.file);
  Require(reader.size() > 0, given.file + ": holds no demonstrations");
  const int first = ParseInt("first", given.first, 0, reader.size() - 1);
  const int count =
      given.count.empty() ? reader.size() - first : ParseInt("count", given.count, 1, reader.size() - first);
  for (int i = first; i < first + count; ++i) {
    const DemoInfo& info = reader.demos()[static_cast<size_t>(i)];
    if (!info.has_states)
      Fail(
          fmt::format("{}: data/demo_{}: has no states (recorded by {}), expected full states to replay from",
                      given.file, i, info.source));
  }
  const int workers =
      given.workers.empty() ? QueryMachine().cores : ParseInt("workers", given.workers, 1, 1024);
  const std::filesystem::path folder = FindScenes("", program.env_scenes, program.executable);
  Scenes scenes;
  for (const DemoInfo& demo : reader.demos()) {
    if (!scenes.contains(demo.scene)) scenes.emplace(demo.scene, LoadScene(demo.scene, folder.string()));
  }
  if (!given.relabel.empty()) {
    if (first != 0 || count != reader.size()) Fail("relabel: goes with neither --first nor --count");
    return RelabelAll(reader, scenes, given, program);
  }
  Job job{.reader = reader, .scenes = scenes, .first = first, .count = count, .outcomes = {}};
  if (!ReplayAll(job, workers, program.terminal)) {
    PrintError("deerbench: interrupted\n");
    return kInterrupted;
  }

  int departed = 0, other_outcome = 0;
  nlohmann::ordered_json lines = nlohmann::ordered_json::array();
  for (int i = 0; i < count; ++i) {
    const ReplayOutcome& outcome = job.outcomes[static_cast<size_t>(i)];
    const DemoInfo& info = reader.demos()[static_cast<size_t>(first + i)];
    nlohmann::ordered_json line{{"demo", first + i}, {"steps", info.length}, {"success", outcome.success}};
    if (outcome.departure) {
      const Departure& d = *outcome.departure;
      ++departed;
      PrintError(fmt::format(
          "demo_{}: departs at state {} of {} in {} number{}, most in {}: {} instead of {}\n", first + i,
          d.step, info.length, d.differing, d.differing == 1 ? "" : "s", d.value, d.replayed, d.recorded));
      line["departure"] = {{"state", d.step},
                           {"numbers", d.differing},
                           {"value", d.value},
                           {"recorded", d.recorded},
                           {"replayed", d.replayed}};
    }
    if (outcome.success != info.success) {
      ++other_outcome;
      PrintError(fmt::format("demo_{}: {} when replayed, {} as recorded\n", first + i,
                             outcome.success ? "succeeds" : "fails", info.success ? "succeeded" : "failed"));
    }
    lines.push_back(std::move(line));
  }
  PrintError(fmt::format("{} demonstration{} replayed, {} depart, {} end otherwise\n", count,
                         count == 1 ? "" : "s", departed, other_outcome));
  if (given.json) {
    PrintOutput(nlohmann::ordered_json{{"schema", "deerbench.replay/1"},
                                       {"file", given.file},
                                       {"replayed", count},
                                       {"departed", departed},
                                       {"other_outcome", other_outcome},
                                       {"demonstrations", lines}}
                    .dump(2) +
                "\n");
  }
  return departed + other_outcome == 0 ? kDone : kCheckFailed;
}

}  // namespace

void AddReplay(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb = app.add_subcommand("replay", "Carry out a dataset's actions again and compare the states");
  verb->add_option("file", settings->file, "HDF5 file of demonstrations")->required();
  verb->add_option("--first", settings->first, "number of the first demonstration (default 0)");
  verb->add_option("--count", settings->count, "how many (default all from there on)");
  verb->add_option("--workers", settings->workers, "threads (default one a core)");
  verb->add_option(
      "--relabel", settings->relabel,
      "write a copy whose labels are what the expert answers today, in every state (a new file)");
  verb->add_flag("--json", settings->json, "print the outcome on standard output");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
