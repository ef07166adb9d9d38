// English sentences for the tasks, read from scenes/instructions.yaml (its head says what the keys mean).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "sim/tasks/task.h"

namespace deerbench {

// The sentences of one task.
struct TaskSentences {
  std::string canonical;              // what an evaluation says
  std::vector<std::string> training;  // phrasings for demonstrations
  std::vector<std::string> held_out;  // phrasings that training never says
};

class Instructions {
 public:
  explicit Instructions(std::array<TaskSentences, kTaskCount> sentences) : sentences_(std::move(sentences)) {}

  const std::string& Canonical(TaskId task) const { return sentences_.at(task).canonical; }
  const std::vector<std::string>& Training(TaskId task) const { return sentences_.at(task).training; }
  const std::vector<std::string>& HeldOut(TaskId task) const { return sentences_.at(task).held_out; }

  // One of the phrasings. The same seed gives the same one; neighbouring seeds and tasks are unrelated.
  const std::string& ChooseTraining(TaskId task, uint64_t seed) const;
  const std::string& ChooseHeldOut(TaskId task, uint64_t seed) const;

 private:
  std::array<TaskSentences, kTaskCount> sentences_;
};

// Throws Error naming the file, the key and what was expected if the file cannot be read, a task is unknown,
// missing or there twice, a key is unknown, a list is empty, or a sentence is not lower-case words between
// single spaces or stands in the file twice.
Instructions LoadInstructions(const std::filesystem::path& file);

}  // namespace deerbench
