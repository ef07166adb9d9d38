#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <set>

#include "sim/tasks/oracle.h"
#include "tests/tasks/calvin_recordings.h"

namespace deerbench {
namespace {

TEST_CASE("The oracle gives exactly the recorded task list for every recorded case") {
  size_t files = 0, cases = 0, positives = 0, equal = 0;
  std::set<std::string> tasks_seen;
  for (const auto& file : Recordings("oracle_")) {
    const nlohmann::json recording = ReadJson(file);
    if (!recording.contains("cases")) continue;  // oracle_replays.json is for the replays' test
    ++files;
    std::map<std::string, SceneInfo> infos;
    for (const auto& [key, info] : recording.at("infos").items()) infos[key] = ToSceneInfo(info);
    for (const auto& one : recording.at("cases")) {
      const SceneInfo& start = infos.at(one.at("start"));
      const SceneInfo& end = infos.at(one.at("end"));
      std::set<std::string> ours;
      for (const TaskId id : CompletedTasks(start, end)) ours.insert(std::string(Tasks()[id].name));
      const auto theirs = one.at("result").get<std::set<std::string>>();
      INFO(file.filename().string() << " case " << one.at("id"));
      CHECK(ours == theirs);
      ++cases;
      positives += !theirs.empty();
      equal += ours == theirs;
      tasks_seen.insert(theirs.begin(), theirs.end());
    }
  }
  if (files == 0) return;
  std::cout << "parity oracle: " << files << " files, " << equal << " of " << cases << " cases equal, "
            << positives << " with a task done, " << tasks_seen.size() << " of " << kTaskCount
            << " tasks seen done\n";
  CHECK(cases > 0);
}

}  // namespace
}  // namespace deerbench
