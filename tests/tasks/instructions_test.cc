#include "sim/tasks/instructions.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <set>
#include <sstream>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

std::filesystem::path ShippedFile() {
  const char* scenes = std::getenv("DEERBENCH_SCENES");
  REQUIRE(scenes != nullptr);
  return std::filesystem::path(scenes) / "instructions.yaml";
}

std::set<std::string> Words(const std::string& sentence) {
  std::istringstream in(sentence);
  std::set<std::string> words;
  for (std::string word; in >> word;) words.insert(word);
  return words;
}

// Loads the shipped text after `edit` and returns the error's message.
std::string ErrorAfter(const std::function<void(std::string&)>& edit) {
  std::string text = ReadFile(ShippedFile());
  const std::string before = text;
  edit(text);
  REQUIRE(text != before);
  const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                     ("deerbench_instructions_" + std::to_string(getpid()) + ".yaml");
  WriteFileAtomically(file, text);
  std::string message = "no error";
  try {
    LoadInstructions(file);
  } catch (const Error& error) {
    message = error.what();
  }
  std::filesystem::remove(file);
  CHECK_THAT(message, Catch::Contains(file.string()));
  return message;
}

void Replace(std::string& text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

TEST_CASE("Every task ships with a canonical sentence, 8 phrasings to train on and 2 held out") {
  const Instructions instructions = LoadInstructions(ShippedFile());
  for (TaskId task = 0; task < kTaskCount; ++task) {
    INFO(Tasks()[task].name);
    CHECK_FALSE(instructions.Canonical(task).empty());
    CHECK(instructions.Training(task).size() >= 8);
    CHECK(instructions.HeldOut(task).size() >= 2);
  }
}

TEST_CASE("A shipped sentence names its task's block and no other") {
  const Instructions instructions = LoadInstructions(ShippedFile());
  const auto check = [](const Task& task, const std::string& sentence) {
    INFO(task.name << ": " << sentence);
    const std::set<std::string> words = Words(sentence);
    CHECK(words.count("red") == (task.block == BlockColor::kRed));
    CHECK(words.count("blue") == (task.block == BlockColor::kBlue));
    CHECK(words.count("pink") == (task.block == BlockColor::kPink));
  };
  for (TaskId id = 0; id < kTaskCount; ++id) {
    check(Tasks()[id], instructions.Canonical(id));
    for (const std::string& sentence : instructions.Training(id)) check(Tasks()[id], sentence);
    for (const std::string& sentence : instructions.HeldOut(id)) check(Tasks()[id], sentence);
  }
}

TEST_CASE("Evaluation says no word that training does not") {
  const Instructions instructions = LoadInstructions(ShippedFile());
  std::set<std::string> trained, evaluated;
  for (TaskId task = 0; task < kTaskCount; ++task) {
    for (const std::string& sentence : instructions.Training(task)) trained.merge(Words(sentence));
    for (const std::string& sentence : instructions.HeldOut(task)) evaluated.merge(Words(sentence));
    evaluated.merge(Words(instructions.Canonical(task)));
  }
  CHECK(std::ranges::includes(trained, evaluated));
}

TEST_CASE("A seed decides the phrasing, and seeds reach every phrasing") {
  const Instructions instructions = LoadInstructions(ShippedFile());
  const TaskId task = TaskByName("open_drawer");
  std::set<std::string> training, held_out;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CHECK(instructions.ChooseTraining(task, seed) == instructions.ChooseTraining(task, seed));
    training.insert(instructions.ChooseTraining(task, seed));
    held_out.insert(instructions.ChooseHeldOut(task, seed));
  }
  CHECK(training.size() == instructions.Training(task).size());
  CHECK(held_out.size() == instructions.HeldOut(task).size());
}

TEST_CASE("A wrong file is refused with the place and what was expected") {
  CHECK_THAT(ErrorAfter([](std::string& t) { Replace(t, "open_drawer:", "open_door:"); }),
             Catch::Contains("tasks.open_door") && Catch::Contains("no task is called"));
  CHECK_THAT(
      ErrorAfter([](std::string& t) { Replace(t, "rotate_{color}_block_left:", "rotate_{color}_left:"); }),
      Catch::Contains("rotate_red_left"));
  CHECK_THAT(ErrorAfter([](std::string& t) { Replace(t, "close_drawer:", "open_drawer:"); }),
             Catch::Contains("tasks.open_drawer") && Catch::Contains("twice"));
  CHECK_THAT(ErrorAfter([](std::string& t) { t.erase(t.find("  push_into_drawer:")); }),
             Catch::Contains("tasks.push_into_drawer is missing"));
  CHECK_THAT(
      ErrorAfter([](std::string& t) { Replace(t, "    held_out:", "    heldout:"); }),
      Catch::Contains("tasks.rotate_{color}_block_right.heldout") && Catch::Contains("expected canonical"));
  CHECK_THAT(ErrorAfter([](std::string& t) { Replace(t, "    canonical: pull the drawer open\n", ""); }),
             Catch::Contains("tasks.open_drawer: is incomplete"));
  CHECK_THAT(ErrorAfter([](std::string& t) { Replace(t, "pull the drawer open", "Pull the drawer open!"); }),
             Catch::Contains("tasks.open_drawer.canonical") && Catch::Contains("'Pull the drawer open!'"));
  CHECK_THAT(
      ErrorAfter([](std::string& t) { Replace(t, "push the drawer shut", "pull the drawer open"); }),
      Catch::Contains("tasks.close_drawer.canonical") && Catch::Contains("tasks.open_drawer.canonical"));
  CHECK_THAT(ErrorAfter([](std::string& t) { Replace(t, "tasks:", "task:"); }), Catch::Contains("'tasks'"));
  CHECK_THAT(ErrorAfter([](std::string& t) { t = "tasks: [unclosed"; }), Catch::Contains("line 1"));
  CHECK_THAT(ErrorAfter([](std::string& t) { t = ""; }), Catch::Contains("'tasks'"));
}

TEST_CASE("A file that is not there is refused by name") {
  CHECK_THROWS_WITH(LoadInstructions("no_such_folder/instructions.yaml"),
                    Catch::Contains("no_such_folder/instructions.yaml"));
}

}  // namespace
}  // namespace deerbench
