#include "sim/tasks/instructions.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace deerbench {
namespace {

constexpr std::string_view kColorMark = "{color}";
constexpr std::array<std::string_view, 3> kColors = {"red", "blue", "pink"};
constexpr uint64_t kMaxFileBytes = 1 << 20;

std::string Colored(std::string text, std::string_view color) {
  for (size_t at = text.find(kColorMark); at != std::string::npos; at = text.find(kColorMark))
    text.replace(at, kColorMark.size(), color);
  return text;
}

// Lower-case words between single spaces.
bool IsPlain(const std::string& sentence) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (sentence.empty() || !is_letter(sentence.front()) || !is_letter(sentence.back())) return false;
  for (size_t i = 1; i < sentence.size(); ++i) {
    if (!is_letter(sentence[i]) && !(sentence[i] == ' ' && sentence[i - 1] != ' ')) return false;
  }
  return true;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file.string()) {}

  Instructions Read() {
    const std::string text = ReadFile(file_, kMaxFileBytes);
    try {
      return ReadDocument(YAML::Load(text));
    } catch (const YAML::Exception& error) {
      Fail(fmt::format("{} line {}: {}", file_, error.mark.line + 1, error.msg));
    }
  }

 private:
  Instructions ReadDocument(const YAML::Node& root) {
    if (!root.IsMap() || root.size() != 1 || !root["tasks"] || !root["tasks"].IsMap())
      Fail(fmt::format("{}: expected one key, 'tasks', with a map of task names", file_));
    for (const auto& entry : root["tasks"]) {
      const std::string key = Text(entry.first, "tasks");
      if (key.find(kColorMark) == std::string::npos) {
        ReadTask(key, key, "", entry.second);
      } else {
        for (const std::string_view color : kColors) ReadTask(key, Colored(key, color), color, entry.second);
      }
    }
    for (TaskId id = 0; id < kTaskCount; ++id) {
      if (sentences_[id].canonical.empty())
        Fail(fmt::format("{}: tasks.{} is missing, expected all {} tasks", file_, Tasks()[id].name,
                         kTaskCount));
    }
    return Instructions(std::move(sentences_));
  }

  std::string Text(const YAML::Node& node, const std::string& where) const {
    if (!node.IsScalar()) Bad(node, where, "holds something other than text");
    return node.Scalar();
  }

  // `key` is as in the file, `name` the task's, `color` what the file's mark stands for.
  void ReadTask(const std::string& key, const std::string& name, std::string_view color,
                const YAML::Node& node) {
    const std::string where = "tasks." + key;
    const auto row = std::ranges::find(Tasks(), name, &Task::name);
    if (row == Tasks().end()) Bad(node, where, fmt::format("no task is called '{}'", name));
    TaskSentences& task = sentences_[row - Tasks().begin()];
    if (!task.canonical.empty()) Bad(node, where, fmt::format("'{}' is there twice", name));
    if (!node.IsMap()) Bad(node, where, fmt::format("is no map, {}", kExpectedKeys));
    for (const auto& field : node) {
      const std::string field_name = Text(field.first, where);
      const std::string field_where = where + "." + field_name;
      if (field_name == "canonical" && task.canonical.empty()) {
        task.canonical = Sentence(field.second, field_where, color);
      } else if (field_name == "training" && task.training.empty()) {
        task.training = Sentences(field.second, field_where, color);
      } else if (field_name == "held_out" && task.held_out.empty()) {
        task.held_out = Sentences(field.second, field_where, color);
      } else {
        Bad(field.first, field_where, fmt::format("unknown or repeated key, {}", kExpectedKeys));
      }
    }
    if (task.canonical.empty() || task.training.empty() || task.held_out.empty())
      Bad(node, where, fmt::format("is incomplete, {}", kExpectedKeys));
  }

  std::vector<std::string> Sentences(const YAML::Node& node, const std::string& where,
                                     std::string_view color) {
    if (!node.IsSequence() || node.size() == 0)
      Bad(node, where, "is no list, expected at least one sentence");
    std::vector<std::string> sentences;
    for (const YAML::Node& item : node) sentences.push_back(Sentence(item, where, color));
    return sentences;
  }

  std::string Sentence(const YAML::Node& node, const std::string& where, std::string_view color) {
    std::string sentence = Text(node, where);
    if (!color.empty()) sentence = Colored(std::move(sentence), color);
    if (!IsPlain(sentence)) {
      Bad(node, where,
          fmt::format("'{}' is no sentence, expected lower-case words between single spaces", sentence));
    }
    const auto [first, is_new] = said_.emplace(sentence, where);
    if (!is_new) Bad(node, where, fmt::format("'{}' is said by {} already", sentence, first->second));
    return sentence;
  }

  [[noreturn]] void Bad(const YAML::Node& node, const std::string& where, std::string_view what) const {
    Fail(fmt::format("{} line {}: {}: {}", file_, node.Mark().line + 1, where, what));
  }

  static constexpr std::string_view kExpectedKeys = "expected canonical, training and held_out, once each";

  std::string file_;
  std::array<TaskSentences, kTaskCount> sentences_;
  std::map<std::string, std::string> said_;  // sentence to where it was first found
};

const std::string& Choose(const std::vector<std::string>& sentences, TaskId task, uint64_t seed) {
  SplitMix64 random(SplitMix64(seed).Next() + static_cast<uint64_t>(task));
  return sentences[random.Below(sentences.size())];
}

}  // namespace

const std::string& Instructions::ChooseTraining(TaskId task, uint64_t seed) const {
  return Choose(Training(task), task, seed);
}

const std::string& Instructions::ChooseHeldOut(TaskId task, uint64_t seed) const {
  return Choose(HeldOut(task), task, seed);
}

Instructions LoadInstructions(const std::filesystem::path& file) { return Reader(file).Read(); }

}  // namespace deerbench
