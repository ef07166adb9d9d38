#include "sim/scene/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "sim/scene/text_parse.h"

namespace deerbench {
namespace {

constexpr uint64_t kMaxFileBytes = 1ull << 20;

}  // namespace

YamlReader::YamlReader(YAML::Node node, std::string file, std::string path)
    : node_(std::move(node)), file_(std::move(file)), path_(std::move(path)) {}

YamlReader YamlReader::FromFile(const std::filesystem::path& file) {
  const std::string text = ReadFile(file, kMaxFileBytes);
  YAML::Node node;
  try {
    node = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    Fail(fmt::format("{} line {}: not YAML ({})", file.string(), error.mark.line + 1, error.msg));
  }
  if (!node.IsMap()) Fail(fmt::format("{}: expected keys with values at the top", file.string()));
  return YamlReader(node, file.string(), "");
}

void YamlReader::Bad(std::string_view message) const {
  Fail(fmt::format("{} line {}: {}{}{}", file_, node_.Mark().line + 1, path_, path_.empty() ? "" : ": ",
                   message));
}

void YamlReader::AllowKeys(std::initializer_list<std::string_view> keys) const {
  const std::string expected = fmt::format("{}", fmt::join(keys, ", "));
  if (!node_.IsMap()) Bad("expected the keys " + expected);
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      Bad(fmt::format("unknown key '{:.60}', expected {}", key, expected));
    if (!seen.insert(key).second) Bad(fmt::format("key '{}' twice", key));
  }
}

bool YamlReader::Has(const std::string& key) const { return node_.IsMap() && node_[key].IsDefined(); }

YamlReader YamlReader::Child(const std::string& key) const {
  if (!Has(key)) Bad(fmt::format("no key '{}', expected one", key));
  return {node_[key], file_, path_.empty() ? key : path_ + "." + key};
}

std::vector<YamlReader> YamlReader::Elements() const {
  if (!node_.IsSequence()) Bad("expected a list");
  std::vector<YamlReader> items;
  for (size_t i = 0; i < node_.size(); ++i)
    items.push_back(YamlReader(node_[i], file_, fmt::format("{}[{}]", path_, i)));
  return items;
}

std::vector<YamlReader> YamlReader::Items(const std::string& key) const { return Child(key).Elements(); }

std::string YamlReader::Scalar() const {
  if (!node_.IsScalar() || node_.Scalar().empty()) Bad("expected a single value");
  return node_.Scalar();
}

double YamlReader::AsNumber() const {
  const std::string text = Scalar();
  const auto value = ParseNumber(text);
  if (!value) Bad(fmt::format("'{:.60}', expected a finite number", text));
  return *value;
}

std::string YamlReader::Text(const std::string& key) const { return Child(key).Scalar(); }

double YamlReader::Number(const std::string& key) const { return Child(key).AsNumber(); }

double YamlReader::Number(const std::string& key, double otherwise) const {
  return Has(key) ? Number(key) : otherwise;
}

int YamlReader::Integer(const std::string& key, int min, int max) const {
  const YamlReader child = Child(key);
  const auto value = ParseInteger(child.Scalar());
  if (!value || *value < min || *value > max)
    child.Bad(fmt::format("'{:.60}', expected a whole number from {} to {}", child.Scalar(), min, max));
  return *value;
}

bool YamlReader::Flag(const std::string& key, bool otherwise) const {
  if (!Has(key)) return otherwise;
  const std::string text = Text(key);
  if (text != "true" && text != "false")
    Child(key).Bad(fmt::format("'{:.60}', expected true or false", text));
  return text == "true";
}

std::vector<double> YamlReader::AsNumbers(size_t count) const {
  const std::vector<YamlReader> items = Elements();
  if (items.size() != count) Bad(fmt::format("list of {}, expected {} numbers", items.size(), count));
  std::vector<double> values;
  for (const YamlReader& item : items) values.push_back(item.AsNumber());
  return values;
}

std::vector<double> YamlReader::Numbers(const std::string& key, size_t count) const {
  return Child(key).AsNumbers(count);
}

std::vector<std::string> YamlReader::Texts(const std::string& key, size_t count) const {
  const std::vector<YamlReader> items = Items(key);
  if (items.size() != count)
    Child(key).Bad(fmt::format("list of {}, expected {} names", items.size(), count));
  std::vector<std::string> values;
  for (const YamlReader& item : items) values.push_back(item.Scalar());
  return values;
}

Vec3 YamlReader::Vector(const std::string& key) const {
  const std::vector<double> v = Numbers(key, 3);
  return {v[0], v[1], v[2]};
}

Vec3 YamlReader::Vector(const std::string& key, const Vec3& otherwise) const {
  return Has(key) ? Vector(key) : otherwise;
}

std::vector<Vec3> YamlReader::Vectors(const std::string& key, size_t count) const {
  const std::vector<YamlReader> items = Items(key);
  if (items.size() != count)
    Child(key).Bad(fmt::format("list of {}, expected {} points", items.size(), count));
  std::vector<Vec3> points;
  for (const YamlReader& item : items) {
    const std::vector<double> v = item.AsNumbers(3);
    points.push_back({v[0], v[1], v[2]});
  }
  return points;
}

std::array<float, 4> YamlReader::Color(const std::string& key) const {
  const std::vector<double> values = Numbers(key, 4);
  std::array<float, 4> color{};
  for (size_t i = 0; i < 4; ++i) {
    if (!(values[i] >= 0 && values[i] <= 1)) Child(key).Bad(fmt::format("{}, expected 0 to 1", values[i]));
    color[i] = static_cast<float>(values[i]);
  }
  return color;
}

}  // namespace deerbench
