#include "harness/run_folder.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/harness/example_records.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

// A finished run of `chains` chains, committed in the given order.
Summary RunIn(const fs::path& folder, int chains, const std::vector<int>& order,
              RunMode mode = RunMode::kNew) {
  RunWriter writer(folder, ExampleConfig(chains), mode);
  for (const int index : order) writer.Commit(ExampleRecord(index));
  return writer.Finish();
}

// Turns a bit of a file.
void Spoil(const fs::path& file) {
  std::string bytes = ReadText(file);
  bytes[30] = static_cast<char>(bytes[30] ^ 1);
  WriteText(file, bytes);
}

}  // namespace

TEST_CASE("A run folder ends with a summary of all that was committed") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "deep" / "run";
  const Summary summary = RunIn(run, 3, {2, 0, 1});
  CHECK(summary.chains == 3);
  CHECK(summary.avg_len == 1);
  CHECK(summary.success_rate_at == std::array<double, 5>{1, 0, 0, 0, 0});
  CHECK(summary.steps == 15);
  CHECK(summary.exit_histogram == std::map<int, uint64_t>{{3, 9}, {5, 6}});
  CHECK(summary.llm_gmacs_per_step.mean == Approx(4.8e-3));
  CHECK(summary.gmacs_per_episode.max == Approx(34e-3));
  CHECK(summary.policy_ms.p50 == 3.5);
  CHECK(summary.per_task.at(3).rate == 1);
  CHECK(summary.per_task.at(3).mean_steps == 3);
  CHECK(summary.per_task.at(12).cannot_act == 3);
  CHECK(summary.per_task.at(12).reasons.at("the block is out of reach") == 3);
  CHECK(summary.rss_peak_mib == 102);
  CHECK(summary.checkpoint_sha256 == "abc");

  const Summary read = ReadSummary(run / "summary.json");
  CHECK(ToJson(read) == ToJson(summary));
  CHECK(ReadEpisodes(run).size() == 3);
}

TEST_CASE("summary.json has every field that others rely on") {
  const TemporaryFolder folder;
  RunIn(folder.path(), 1, {0});
  const auto json = nlohmann::json::parse(ReadText(folder.path() / "summary.json"));
  for (const char* key : {"schema",
                          "split",
                          "scene",
                          "train_scenes",
                          "policy",
                          "checkpoint_sha256",
                          "seed",
                          "chains",
                          "success_rate_at",
                          "avg_len",
                          "avg_len_ci95",
                          "per_task",
                          "steps",
                          "exit_histogram",
                          "llm_gmacs_per_step",
                          "total_gmacs_per_step",
                          "gflops_per_step",
                          "gmacs_per_episode",
                          "gflops_per_episode",
                          "latency_ms",
                          "memory_mib",
                          "wall_s",
                          "workers",
                          "machine",
                          "version",
                          "digest"}) {
    INFO(key);
    CHECK(json.contains(key));
  }
  CHECK(json["schema"] == "deerbench.summary/1");
  CHECK(json["gflops_per_step"]["mean"].get<double>() ==
        2 * json["total_gmacs_per_step"]["mean"].get<double>());
  for (const char* part : {"llm", "policy", "env"}) CHECK(json["latency_ms"][part].contains("p95"));
  for (const char* part : {"llm_weights", "all_weights", "rss_peak", "cuda_peak"})
    CHECK(json["memory_mib"].contains(part));
}

TEST_CASE("The digest does not depend on the order in which chains end, nor on interruptions") {
  const TemporaryFolder folder;
  const std::string digest = RunIn(folder.path() / "a", 4, {0, 1, 2, 3}).digest;
  CHECK(RunIn(folder.path() / "b", 4, {3, 1, 0, 2}).digest == digest);
  {
    RunWriter writer(folder.path() / "c", ExampleConfig(4), RunMode::kResume);
    writer.Commit(ExampleRecord(2));
    writer.Commit(ExampleRecord(0));
  }
  {
    RunWriter writer(folder.path() / "c", ExampleConfig(4), RunMode::kResume);
    CHECK(writer.Missing() == std::vector<int>{1, 3});
  }
  CHECK(RunIn(folder.path() / "c", 4, {1, 3}, RunMode::kResume).digest == digest);
}

TEST_CASE("A line that was cut off by a crash is dropped and its chain run again") {
  const TemporaryFolder folder;
  const fs::path run = folder.path();
  const std::string digest = RunIn(run / "whole", 3, {0, 1, 2}).digest;
  {
    RunWriter writer(run / "cut", ExampleConfig(3), RunMode::kNew);
    writer.Commit(ExampleRecord(0));
    writer.Commit(ExampleRecord(1));
  }
  const std::string text = ReadText(run / "cut" / "episodes.jsonl");
  for (const size_t lost : {size_t{1}, size_t{40}, text.size() - text.find('\n') - 2}) {
    WriteText(run / "cut" / "episodes.jsonl", text.substr(0, text.size() - lost));
    CHECK(ReadEpisodes(run / "cut").size() == 1);
    RunWriter writer(run / "cut", ExampleConfig(3), RunMode::kResume);
    CHECK(writer.Missing() == std::vector<int>{1, 2});
  }
  CHECK(RunIn(run / "cut", 3, {1, 2}, RunMode::kResume).digest == digest);
}

TEST_CASE("A bad line before the last one, or a chain twice, is an error that names it") {
  const TemporaryFolder folder;
  RunIn(folder.path(), 2, {0, 1});
  const fs::path episodes = folder.path() / "episodes.jsonl";
  const std::string text = ReadText(episodes);
  WriteText(episodes, "{\"index\": 0}\n" + text);
  CHECK_THROWS_WITH(ReadEpisodes(folder.path()), Catch::Contains("episodes.jsonl: line 1: "));
  WriteText(episodes, text + text.substr(0, text.find('\n') + 1));
  CHECK_THROWS_WITH(ReadEpisodes(folder.path()), Catch::Contains("line 3: chain 0 again"));
}

TEST_CASE("A sidecar that was tampered with does not pass") {
  const TemporaryFolder folder;
  RunIn(folder.path(), 1, {0});
  RunWriter writer(folder.path(), ExampleConfig(1), RunMode::kResume);
  Spoil(folder.path() / StepFileName(0));
  CHECK_THROWS_WITH(writer.Finish(), Catch::Contains("chain_00000.bin: SHA-256"));
}

TEST_CASE("A chain whose sidecar is damaged or missing is run again") {
  const TemporaryFolder folder;
  const fs::path run = folder.path();
  const std::string digest = RunIn(run, 3, {0, 1, 2}).digest;
  Spoil(run / StepFileName(0));
  fs::remove(run / StepFileName(2));
  CHECK(RunWriter(run, ExampleConfig(3), RunMode::kResume).Missing() == std::vector<int>{0, 2});
  CHECK(RunIn(run, 3, {0, 2}, RunMode::kResume).digest == digest);
}

TEST_CASE("A chain played with other weights than those before it is refused at once") {
  const TemporaryFolder folder;
  RunWriter writer(folder.path(), ExampleConfig(2), RunMode::kNew);
  writer.Commit(ExampleRecord(0));
  ChainRecord other = ExampleRecord(1);
  other.checkpoint_sha256 = "def";
  CHECK_THROWS_WITH(writer.Commit(other), Catch::Contains("checkpoint of chain 1: def, expected abc"));
}

TEST_CASE("A folder in use is refused until its writer is gone") {
  const TemporaryFolder folder;
  {
    const RunWriter writer(folder.path(), ExampleConfig(1), RunMode::kNew);
    CHECK_THROWS_WITH(RunWriter(folder.path(), ExampleConfig(1), RunMode::kResume),
                      Catch::Contains("is in use"));
    CHECK_THROWS_WITH(RunWriter::Check(folder.path(), ExampleConfig(1), RunMode::kResume),
                      Catch::Contains("is in use"));
  }
  CHECK_NOTHROW(RunWriter(folder.path(), ExampleConfig(1), RunMode::kResume));
}

TEST_CASE("A new run takes no folder that holds something, and leaves it as it is") {
  const TemporaryFolder folder;
  const EvalConfig config = ExampleConfig(1);
  RunIn(folder.path() / "finished", 1, {0});
  CHECK_THROWS_WITH(RunWriter(folder.path() / "finished", config, RunMode::kNew),
                    Catch::Contains("holds a finished run"));
  { const RunWriter writer(folder.path() / "begun", config, RunMode::kNew); }
  CHECK_THROWS_WITH(RunWriter(folder.path() / "begun", config, RunMode::kNew), Catch::Contains("--resume"));

  fs::create_directory(folder.path() / "other");
  WriteText(folder.path() / "other" / "notes.txt", "mine");
  for (const RunMode mode : {RunMode::kNew, RunMode::kResume})
    CHECK_THROWS_WITH(RunWriter(folder.path() / "other", config, mode),
                      Catch::Contains("no run of deerbench"));
  CHECK(std::distance(fs::directory_iterator(folder.path() / "other"), {}) == 1);

  WriteText(folder.path() / "file", "");
  CHECK_THROWS_WITH(RunWriter(folder.path() / "file", config, RunMode::kNew),
                    Catch::Contains("is not a folder"));
  CHECK_THROWS_WITH(RunWriter(folder.path() / "file" / "below", config, RunMode::kNew),
                    Catch::Contains("is not a folder"));
}

TEST_CASE("A folder that was only just made when its process was killed is as good as empty") {
  for (const RunMode mode : {RunMode::kNew, RunMode::kResume}) {
    const TemporaryFolder folder;
    fs::create_directory(folder.path() / "steps");
    WriteText(folder.path() / ".lock", "");
    WriteText(folder.path() / "config.yaml.123.tmp", "ver");
    CHECK(RunIn(folder.path(), 1, {0}, mode).chains == 1);
    CHECK_FALSE(fs::exists(folder.path() / "config.yaml.123.tmp"));
  }
}

TEST_CASE("A run goes on only with the settings it began with, workers apart") {
  const TemporaryFolder folder;
  EvalConfig config = ExampleConfig(2);
  { const RunWriter writer(folder.path(), config, RunMode::kNew); }
  config.workers = 8;
  CHECK_NOTHROW(RunWriter::Check(folder.path(), config, RunMode::kResume));
  config.seed = 8;
  CHECK_THROWS_WITH(RunWriter(folder.path(), config, RunMode::kResume),
                    Catch::StartsWith("seed: '8', expected '7' as in "));
  config = ExampleConfig(2);
  config.policy_options["horizon"] = "4";
  CHECK_THROWS_WITH(RunWriter(folder.path(), config, RunMode::kResume),
                    Catch::StartsWith("horizon: '4', expected '3'"));
}

TEST_CASE("A run goes on with or without depth as it began; one that does not say it began without") {
  const TemporaryFolder folder;
  EvalConfig config = ExampleConfig(2);
  { const RunWriter writer(folder.path(), config, RunMode::kNew); }
  const std::string text = ReadText(folder.path() / "config.yaml"), line = "depth: false\n";
  REQUIRE(text.find(line) != text.npos);
  for (const std::string& said : {line, std::string()}) {
    WriteText(folder.path() / "config.yaml", std::string(text).replace(text.find(line), line.size(), said));
    config.depth = false;
    CHECK_NOTHROW(RunWriter::Check(folder.path(), config, RunMode::kResume));
    config.depth = true;
    CHECK_THROWS_WITH(RunWriter::Check(folder.path(), config, RunMode::kResume),
                      Catch::StartsWith("depth: 'true', expected 'false' as in "));
  }
}

TEST_CASE("A run with chains missing has no summary") {
  const TemporaryFolder folder;
  RunWriter writer(folder.path(), ExampleConfig(3), RunMode::kNew);
  writer.Commit(ExampleRecord(1));
  CHECK_THROWS_WITH(writer.Finish(), Catch::Contains("2 of 3 chains are missing, the first is 0"));
  CHECK_FALSE(fs::exists(folder.path() / "summary.json"));
}

}  // namespace deerbench
