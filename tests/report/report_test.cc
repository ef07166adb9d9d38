#include "harness/report/report.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "harness/report/html.h"
#include "harness/report/run_data.h"
#include "tests/report/synthetic_run.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

std::string Report(const std::vector<fs::path>& folders, const fs::path& out) {
  WriteReport(folders, out);
  return ReadFile(out);
}

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// Rewrites summary.json.
void Edit(const fs::path& folder, const std::function<void(nlohmann::json&)>& change) {
  auto json = nlohmann::json::parse(ReadFile(folder / "summary.json"));
  change(json);
  WriteFileAtomically(folder / "summary.json", json.dump());
}

TEST_CASE("A report refers to nothing outside itself") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  MakeSyntheticRun(run, {.chains = 12, .strips = 2, .videos = 1});
  const std::string html = Report({run}, run / "report.html");
  const std::regex reference(R"re((?:src|href|srcset|poster|action)\s*=\s*"([^"]{0,16}))re");
  int references = 0;
  for (auto it = std::sregex_iterator(html.begin(), html.end(), reference); it != std::sregex_iterator();
       ++it) {
    CHECK((*it)[1].str().starts_with("data:"));
    ++references;
  }
  CHECK(references >= 3);  // a video and pictures
  CHECK(html.find("http:") == std::string::npos);
  CHECK(html.find("https:") == std::string::npos);
  CHECK(html.find("url(") == std::string::npos);
  CHECK(html.find("@import") == std::string::npos);
  CHECK(html.find(folder.path().string()) == std::string::npos);
  CHECK(html.find("data:video/webm;base64,GkXfo") != std::string::npos);
  CHECK(html.find("data:image/webp;base64,UklGR") != std::string::npos);
}

TEST_CASE("A report states the summary's figures") {
  const TemporaryFolder folder;
  MakeSyntheticRun(folder.path(), {.chains = 40, .strips = 0, .videos = 0});
  Edit(folder.path(), [](nlohmann::json& json) {
    json["avg_len"] = 3.217;
    json["avg_len_ci95"] = {3.014, 3.391};
    json["success_rate_at"][0] = 0.9125;
    json["per_task"]["open_drawer"] = {{"attempts", 31}, {"successes", 29}, {"ci95", {0.79, 0.98}}};
    json["digest"] = "feedface";
  });
  const std::string html = Report({folder.path()}, folder.path() / "report.html");
  for (const char* expected :
       {">3.22<", "3.01 – 3.39", "91.2\u202f%", "29/31", "93.5\u202f%", "feedface",
        "12.3<span class=\"unit\">MMACs", "A Processor of 2 Cores",
        "--policy deer --checkpoint nano-d --exit dynamic --chains 40 --seed 0", "D→D"}) {
    INFO(expected);
    CHECK(html.find(expected) != std::string::npos);
  }
}

TEST_CASE("What a policy has nothing to count of is left out") {
  const TemporaryFolder folder;
  MakeSyntheticRun(folder.path(),
                   {.policy = "expert", .chains = 10, .strips = 0, .videos = 0, .costs = false});
  const std::string html = Report({folder.path()}, folder.path() / "report.html");
  for (const char* absent : {"MACs", "Exits", "Language model", "<video", "<article", "Checkpoint"}) {
    INFO(absent);
    CHECK(html.find(absent) == std::string::npos);
  }
  CHECK(html.find("Policy latency") != std::string::npos);
}

TEST_CASE("Only split, policy, chains, length and success are needed") {
  const TemporaryFolder folder;
  WriteFileAtomically(folder.path() / "summary.json",
                      R"({"schema": "deerbench.summary/1", "split": "ABC->D", "policy": "mine", "chains": 7,
                          "avg_len": 1.5, "success_rate_at": [0.5, 0.4, 0.3, 0.2, 0.1], "latency_ms": null})");
  const std::string html = Report({folder.path()}, folder.path() / "report.html");
  CHECK(html.find("Mine on ABC→D") != std::string::npos);
  CHECK(html.find(">1.50<") != std::string::npos);
}

TEST_CASE("Text from a run cannot become markup") {
  const TemporaryFolder folder;
  MakeSyntheticRun(folder.path(), {.policy = "<script>alert(1)</script>",
                                   .chains = 3,
                                   .strips = 1,
                                   .videos = 0,
                                   .first_instruction = "<script>alert('drawer')</script> & \"more\""});
  const std::string html = Report({folder.path()}, folder.path() / "report.html");
  CHECK(Count(html, "<script") == 1);  // ours
  CHECK(html.find("&lt;script&gt;alert(&#39;drawer&#39;)&lt;/script&gt; &amp; &quot;more&quot;") !=
        std::string::npos);
  CHECK(Escape("a\xFF\x01z") == "a\uFFFD\uFFFDz");
}

TEST_CASE("Several runs are compared, chain by chain with the first") {
  const TemporaryFolder folder;
  MakeSyntheticRun(folder.path() / "last-exit",
                   {.chains = 20, .skill = 0.9, .strips = 0, .videos = 0, .gmacs = 0.04});
  MakeSyntheticRun(folder.path() / "dynamic", {.chains = 20, .skill = 0.8, .strips = 1, .videos = 0});
  MakeSyntheticRun(folder.path() / "copy", {.chains = 20, .skill = 0.9, .strips = 0, .videos = 0});
  const std::string html =
      Report({folder.path() / "last-exit", folder.path() / "dynamic", folder.path() / "copy/"},
             folder.path() / "r.html");
  CHECK(Count(html, "<details class=\"run\">") == 3);
  for (const char* name : {"last-exit", "dynamic", "copy"}) CHECK(Count(html, name) >= 3);
  CHECK(html.find("Length over cost") != std::string::npos);
  CHECK(html.find("+0.00 <span class=\"dim\">0 further, 20 equal, 0 less far") != std::string::npos);
}

TEST_CASE("Chains that began otherwise are not paired") {
  const TemporaryFolder folder;
  const std::vector<fs::path> runs = {folder.path() / "base", folder.path() / "other"};
  for (const fs::path& run : runs) MakeSyntheticRun(run, {.chains = 20, .strips = 0, .videos = 0});
  const std::string paired = "0 further, 20 equal, 0 less far";
  CHECK(Report(runs, folder.path() / "r.html").find(paired) != std::string::npos);
  for (const char* edit :
       {R"({"scene": "A"})", R"({"chain_set": "tuning"})", R"({"assets": "/calvin/data"})"}) {
    INFO(edit);
    const std::string before = ReadFile(runs[1] / "summary.json");
    Edit(runs[1], [&](nlohmann::json& json) { json.update(nlohmann::json::parse(edit)); });
    CHECK(Report(runs, folder.path() / "r.html").find(paired) == std::string::npos);
    WriteFileAtomically(runs[1] / "summary.json", before);
  }
  CHECK(Report(runs, folder.path() / "r.html").find(paired) != std::string::npos);
}

TEST_CASE("The page is as it was when a run cannot be read") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  MakeSyntheticRun(run, {.chains = 3, .strips = 1, .videos = 0});
  const std::string before = Report({run}, run / "report.html");
  CHECK_THROWS_WITH(WriteReport({run, folder.path()}, run / "report.html"), Catch::Contains("summary.json"));
  CHECK_THROWS_AS(WriteReport({}, run / "report.html"), Error);
  Edit(run, [](nlohmann::json& json) { json["schema"] = "deerbench.summary/2"; });
  CHECK_THROWS_WITH(WriteReport({run}, run / "report.html"), Catch::Contains("deerbench.summary/2"));
  Edit(run, [](nlohmann::json& json) {
    json["schema"] = "deerbench.summary/1";
    json["avg_len"] = "long";
  });
  CHECK_THROWS_WITH(WriteReport({run}, run / "report.html"), Catch::Contains("summary.json"));
  Edit(run, [](nlohmann::json& json) { json["avg_len"] = 1.0; });
  WriteFileAtomically(run / "media/chain_00000_strip.png", "no picture");
  CHECK_THROWS_WITH(WriteReport({run}, run / "report.html"), Catch::Contains("chain_00000_strip.png"));
  CHECK(ReadFile(run / "report.html") == before);
}

TEST_CASE("A last line that a crash cut off is not an episode, any other broken line is an error") {
  const TemporaryFolder folder;
  MakeSyntheticRun(folder.path(), {.chains = 3, .strips = 0, .videos = 0});
  const std::string lines = ReadFile(folder.path() / "episodes.jsonl");
  WriteFileAtomically(folder.path() / "episodes.jsonl", lines + R"({"index": 3, "succ)");
  CHECK(LoadRun(folder.path()).episodes.size() == 3);
  WriteFileAtomically(folder.path() / "episodes.jsonl", lines + "{\"index\": 3, \"succ\n");
  CHECK_THROWS_WITH(LoadRun(folder.path()), Catch::Contains("episodes.jsonl: line 4"));
}

TEST_CASE("Numbers are written as people read them") {
  CHECK(Percent(0.5) == "50.0\u202f%");
  CHECK(Percent(1) == "100\u202f%");
  CHECK(Percent(0.9583) == "95.8\u202f%");
  CHECK(Figure(4.8333) == "4.83");
  CHECK(Figure(0.012345) == "0.0123");
  CHECK(Figure(1270.4) == "1270");
  CHECK(Gmacs(0.0123).unit == "MMACs");
  CHECK(Gmacs(15.6).value == "15.6");
  CHECK(Milliseconds(0.05).unit == "µs");
  CHECK(Milliseconds(0.00004).unit == "ns");
  CHECK(Mebibytes(2048).value == "2.00");
  CHECK(Duration(7200).unit == "h");
  CHECK(DataUri("a/b", "Man") == "data:a/b;base64,TWFu");
  CHECK(DataUri("a/b", "Ma") == "data:a/b;base64,TWE=");
  CHECK(DataUri("a/b", "M") == "data:a/b;base64,TQ==");
}

}  // namespace
}  // namespace deerbench
