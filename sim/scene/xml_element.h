// An XML element that knows which file it is from, so that every complaint can say so.
#pragma once

#include <tinyxml2.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/geometry.h"

namespace deerbench {

class XmlElement {
 public:
  // `file` must outlive this object.
  XmlElement(const tinyxml2::XMLElement* element, const std::string* file) : element_(element), file_(file) {}

  std::string_view tag() const { return element_->Name(); }
  int line() const { return element_->GetLineNum(); }

  // First child with this tag, next sibling with this element's tag, or nothing.
  std::optional<XmlElement> Child(const char* tag) const { return Wrap(element_->FirstChildElement(tag)); }
  std::optional<XmlElement> FirstChild() const { return Wrap(element_->FirstChildElement()); }
  std::optional<XmlElement> NextSame() const { return Wrap(element_->NextSiblingElement(element_->Name())); }
  XmlElement RequireChild(const char* tag) const;

  std::optional<std::string> Attribute(const char* name) const;
  std::string RequireAttribute(const char* name) const;

  // Numbers of an attribute, separated by blanks; nothing if it is not there.
  std::optional<double> Number(const char* name) const;
  double RequireNumber(const char* name) const;
  std::optional<Vec3> Vector(const char* name) const;
  std::optional<std::array<double, 4>> Vector4(const char* name) const;

  // Throws Error: "FILE line N <TAG name='...'>: MESSAGE".
  [[noreturn]] void Bad(std::string_view message) const;

 private:
  std::optional<XmlElement> Wrap(const tinyxml2::XMLElement* element) const {
    if (!element) return std::nullopt;
    return XmlElement(element, file_);
  }
  template <size_t N>
  std::optional<std::array<double, N>> Numbers(const char* name) const;

  const tinyxml2::XMLElement* element_;
  const std::string* file_;
};

}  // namespace deerbench
