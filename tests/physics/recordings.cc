#include "tests/physics/recordings.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "base/error.h"

namespace deerbench::test {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::vector<std::filesystem::path> RecordedFiles(const std::string& prefix, const std::string& extension) {
  for (const char* name : {"DEERBENCH_CALVIN_ASSETS", "DEERBENCH_CALVIN_DATA"}) {
    if (!Environment(name).empty()) continue;
    std::cout << "skipped: " << name << " is not set\n";
    return {};
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(Environment("DEERBENCH_CALVIN_DATA"))) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) std::cout << "skipped: no " << prefix << "*" << extension << "\n";
  return files;
}

nlohmann::json ReadJson(const std::filesystem::path& file) {
  std::ifstream in(file);
  Require(in.good(), "cannot read " + file.string());
  return nlohmann::json::parse(in);
}

std::string SceneLetter(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.substr(name.find('_') + 1, 1);
}

std::shared_ptr<const SceneModel> CalvinScene(const std::string& letter) {
  static std::map<std::string, std::shared_ptr<const SceneModel>> scenes;
  auto& scene = scenes[letter];
  if (!scene)
    scene = LoadScene(letter, Environment("DEERBENCH_SCENES"), Environment("DEERBENCH_CALVIN_ASSETS"));
  return scene;
}

std::string Text(const NpyArray& array) {
  std::string text;
  for (size_t i = 0; i + 3 < array.bytes.size() && array.bytes[i]; i += 4)
    text.push_back(static_cast<char>(array.bytes[i]));
  return text;
}

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

}  // namespace deerbench::test
