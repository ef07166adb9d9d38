#include <catch2/catch.hpp>

#include "base/error.h"
#include "harness/record_json.h"
#include "harness/step_file.h"
#include "harness/summary.h"
#include "tests/harness/example_records.h"

namespace deerbench {
namespace {

std::string DigestOf(const std::vector<ChainRecord>& records) {
  SummaryBuilder builder(ExampleConfig(static_cast<int>(records.size())));
  for (const ChainRecord& record : records) builder.Add(record);
  return builder.Finish(0).digest;
}

}  // namespace

TEST_CASE("A chain record reads back from its line as it was written") {
  ChainRecord record = ExampleRecord(12);
  record.elapsed_s = 4.5;
  record.steps_sha256 = "def";
  const std::string line = ToJsonLine(record);
  CHECK(line.find('\n') == line.npos);
  const ChainRecord read = ChainRecordFromJson(line);
  CHECK(ToJsonLine(read) == line);
  CHECK(read.index == 12);
  CHECK(read.chain == record.chain);
  CHECK(read.subtasks == record.subtasks);
  CHECK(read.latency == record.latency);
  CHECK(read.elapsed_s == 4.5);
  CHECK(read.final_state_sha256 == record.final_state_sha256);
}

TEST_CASE("A line that lacks something or holds nonsense is refused") {
  CHECK_THROWS_AS(ChainRecordFromJson("{}"), Error);
  CHECK_THROWS_AS(ChainRecordFromJson("not json"), Error);
  std::string line = ToJsonLine(ExampleRecord(0));
  line.replace(line.find("\"left\"") == line.npos ? line.find("\"right\"") : line.find("\"left\""), 6,
               "\"up\"  ");
  CHECK_THROWS_AS(ChainRecordFromJson(line), Error);
}

TEST_CASE("Steps and final state read back from the sidecar bit for bit") {
  const ChainRecord record = ExampleRecord(3);
  ChainRecord read;
  DecodeSteps(EncodeSteps(record), read);
  CHECK(read.steps == record.steps);
  CHECK(read.final_state == record.final_state);
  CHECK(read.final_state_version == record.final_state_version);
}

TEST_CASE("A damaged sidecar is refused") {
  const std::string bytes = EncodeSteps(ExampleRecord(3));
  ChainRecord read;
  CHECK_THROWS_WITH(DecodeSteps(bytes.substr(0, bytes.size() - 1), read), Catch::Contains("bytes, expected"));
  CHECK_THROWS_WITH(DecodeSteps(bytes + "x", read), Catch::Contains("bytes, expected"));
  CHECK_THROWS_WITH(DecodeSteps("short", read), Catch::Contains("header"));
  CHECK_THROWS_WITH(DecodeSteps(std::string(64, 'x'), read), "not a step file of deerbench");
}

TEST_CASE("The digest line is canonical JSON of what must not drift") {
  ChainRecord record = ExampleRecord(0);
  record.steps.resize(1);
  record.steps[0].action = {1, -0.5, 0.25, 0, 0, 0, -1};
  const std::string line = DigestLine(record);
  CHECK(
      line ==
      "{\"final_state\":\"000000000000f03f000000000000e0bf000000000000d03f\","
      "\"state\":{\"blue_block\":\"slider_left\",\"drawer\":\"open\",\"grasped\":0,\"led\":1,\"lightbulb\":0,"
      "\"pink_block\":\"slider_right\",\"red_block\":\"table\",\"slider\":\"right\"},"
      "\"steps\":[["
      "\"000000000000f03f000000000000e0bf000000000000d03f000000000000000000000000000000000000000000000000"
      "000000000000f0bf\",3,4]],\"success\":1,\"tasks\":[\"" +
          std::string(Tasks()[3].name) + "\",\"" + std::string(Tasks()[12].name) + "\",\"" +
          std::string(Tasks()[16].name) + "\",\"" + std::string(Tasks()[20].name) + "\",\"" +
          std::string(Tasks()[30].name) + "\"]}\n");
}

TEST_CASE(
    "One bit of one action, an exit, the final state or the success changes the digest, time does not") {
  const std::vector<ChainRecord> records = {ExampleRecord(0), ExampleRecord(1)};
  const std::string digest = DigestOf(records);
  CHECK(digest.size() == 64);

  const auto with = [&](const auto& change) {
    std::vector<ChainRecord> changed = records;
    change(changed[1]);
    return DigestOf(changed);
  };
  CHECK(with([](ChainRecord& r) {
          auto* byte = reinterpret_cast<unsigned char*>(&r.steps[4].action[2]);
          byte[0] ^= 1;
        }) != digest);
  CHECK(with([](ChainRecord& r) { r.steps[4].action[0] = -r.steps[4].action[0]; }) != digest);
  CHECK(with([](ChainRecord& r) { r.steps[0].exit_layer = 5; }) != digest);
  CHECK(with([](ChainRecord& r) { r.steps[0].layers_run = 5; }) != digest);
  CHECK(with([](ChainRecord& r) { r.final_state[0] = 0; }) != digest);
  CHECK(with([](ChainRecord& r) { r.success = 2; }) != digest);
  CHECK(with([](ChainRecord& r) {
          r.steps[0].policy_ms = 99;
          r.wall_s = 99;
          r.rss_peak_mib = 99;
        }) == digest);
}

}  // namespace deerbench
