// A node of a YAML file that knows where it is, so that every complaint can say so.
#pragma once

#include <yaml-cpp/yaml.h>

#include <array>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"

namespace deerbench {

class YamlReader {
 public:
  // The top node of a file. Throws Error if it is missing, not YAML or not a map.
  static YamlReader FromFile(const std::filesystem::path& file);

  // Throws Error unless this is a map with no keys but these, none twice.
  void AllowKeys(std::initializer_list<std::string_view> keys) const;

  bool Has(const std::string& key) const;
  YamlReader Child(const std::string& key) const;               // required
  std::vector<YamlReader> Items(const std::string& key) const;  // of a required list
  std::string Text(const std::string& key) const;               // required, not empty
  double Number(const std::string& key) const;                  // required, finite
  double Number(const std::string& key, double otherwise) const;
  int Integer(const std::string& key, int min, int max) const;  // required, in that range
  bool Flag(const std::string& key, bool otherwise) const;      // true or false
  Vec3 Vector(const std::string& key) const;                    // required
  Vec3 Vector(const std::string& key, const Vec3& otherwise) const;
  std::vector<Vec3> Vectors(const std::string& key, size_t count) const;
  std::array<float, 4> Color(const std::string& key) const;  // required, 0 to 1
  std::vector<double> Numbers(const std::string& key, size_t count) const;
  std::vector<std::string> Texts(const std::string& key, size_t count) const;

  // Throws Error: "FILE line N: KEY.PATH: MESSAGE".
  [[noreturn]] void Bad(std::string_view message) const;

 private:
  YamlReader(YAML::Node node, std::string file, std::string path);
  std::string Scalar() const;
  double AsNumber() const;
  std::vector<YamlReader> Elements() const;
  std::vector<double> AsNumbers(size_t count) const;

  YAML::Node node_;
  std::string file_, path_;
};

}  // namespace deerbench
