#include "sim/scene/xml_element.h"

#include <fmt/format.h>

#include <vector>

#include "base/error.h"
#include "sim/scene/text_parse.h"

namespace deerbench {

void XmlElement::Bad(std::string_view message) const {
  const char* name = element_->Attribute("name");
  Fail(fmt::format("{} line {} <{}{}>: {}", *file_, element_->GetLineNum(), tag(),
                   name ? fmt::format(" name='{:.60}'", name) : "", message));
}

XmlElement XmlElement::RequireChild(const char* tag_name) const {
  const auto child = Child(tag_name);
  if (!child) Bad(fmt::format("no <{}>, expected one", tag_name));
  return *child;
}

std::optional<std::string> XmlElement::Attribute(const char* name) const {
  const char* value = element_->Attribute(name);
  if (!value) return std::nullopt;
  return value;
}

std::string XmlElement::RequireAttribute(const char* name) const {
  auto value = Attribute(name);
  if (!value || value->empty()) Bad(fmt::format("no attribute '{}', expected one", name));
  return *value;
}

template <size_t N>
std::optional<std::array<double, N>> XmlElement::Numbers(const char* name) const {
  const char* text = element_->Attribute(name);
  if (!text) return std::nullopt;
  const std::vector<std::string_view> words = Words(text);
  std::array<double, N> values{};
  bool is_good = words.size() == N;
  for (size_t i = 0; is_good && i < N; ++i) {
    const auto value = ParseNumber(words[i]);
    is_good = value.has_value();
    if (value) values[i] = *value;
  }
  if (!is_good) {
    Bad(fmt::format("{}='{:.60}', expected {} finite number{}", name, text, N, N == 1 ? "" : "s"));
  }
  return values;
}

std::optional<double> XmlElement::Number(const char* name) const {
  const auto values = Numbers<1>(name);
  if (!values) return std::nullopt;
  return (*values)[0];
}

double XmlElement::RequireNumber(const char* name) const {
  const auto value = Number(name);
  if (!value) Bad(fmt::format("no attribute '{}', expected a number", name));
  return *value;
}

std::optional<Vec3> XmlElement::Vector(const char* name) const {
  const auto v = Numbers<3>(name);
  if (!v) return std::nullopt;
  return Vec3{(*v)[0], (*v)[1], (*v)[2]};
}

std::optional<std::array<double, 4>> XmlElement::Vector4(const char* name) const { return Numbers<4>(name); }

}  // namespace deerbench
