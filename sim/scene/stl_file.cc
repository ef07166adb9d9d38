#include "sim/scene/stl_file.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "sim/scene/text_parse.h"

namespace deerbench {
namespace {

constexpr uint64_t kMaxFileBytes = 128ull << 20;
constexpr size_t kHeaderBytes = 84;    // 80 of comment, 4 of count
constexpr size_t kTriangleBytes = 50;  // 12 floats, 2 of attributes

bool IsSane(const Float3& p) {
  return std::abs(p.x) <= 1e30f && std::abs(p.y) <= 1e30f && std::abs(p.z) <= 1e30f;  // false for NaN
}

std::vector<StlTriangle> ReadBinary(const std::string& bytes, uint32_t count) {
  std::vector<StlTriangle> triangles(count);
  for (uint32_t i = 0; i < count; ++i) {
    std::array<float, 12> values;
    std::memcpy(values.data(), bytes.data() + kHeaderBytes + size_t{i} * kTriangleBytes, sizeof(values));
    triangles[i].normal = {values[0], values[1], values[2]};
    for (size_t c = 0; c < 3; ++c)
      triangles[i].corners[c] = {values[3 + 3 * c], values[4 + 3 * c], values[5 + 3 * c]};
  }
  return triangles;
}

std::vector<StlTriangle> ReadText(const std::filesystem::path& file, std::string_view text) {
  std::vector<StlTriangle> triangles;
  StlTriangle triangle;
  size_t corner = 0;
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::vector<std::string_view> words = Words(NextLine(text));
    if (words.empty()) continue;
    const bool is_facet = words[0] == "facet", is_vertex = words[0] == "vertex";
    if (is_facet || is_vertex) {
      std::array<float, 3> values{};
      const size_t first = is_facet ? 2 : 1;
      for (size_t i = 0; i < 3; ++i) {
        const auto value = ParseNumber(first + i < words.size() ? words[first + i] : std::string_view{});
        if (!value)
          Fail(fmt::format("{} line {}: `{}` without three numbers", file.string(), line_number, words[0]));
        values[i] = static_cast<float>(*value);
      }
      const Float3 vector{values[0], values[1], values[2]};
      if (is_facet) triangle = {vector, {}};
      if (is_facet) corner = 0;
      if (is_vertex && corner < 3) triangle.corners[corner] = vector;
      if (is_vertex) ++corner;
    } else if (words[0] == "endfacet") {
      if (corner != 3)
        Fail(fmt::format("{} line {}: facet of {} corners, expected 3", file.string(), line_number, corner));
      triangles.push_back(triangle);
      corner = 0;
    }
  }
  return triangles;
}

}  // namespace

std::vector<StlTriangle> ReadStl(const std::filesystem::path& file) {
  const std::string bytes = ReadFile(file, kMaxFileBytes);
  uint32_t count = 0;
  if (bytes.size() >= kHeaderBytes) std::memcpy(&count, bytes.data() + 80, sizeof(count));
  // The size decides, as in PyBullet: binary files may well begin with "solid".
  const bool is_binary =
      bytes.size() >= kHeaderBytes && bytes.size() == kHeaderBytes + kTriangleBytes * count;
  if (!is_binary && !bytes.starts_with("solid"))
    Fail(fmt::format("{}: {} bytes, expected {} for the {} triangles its header announces", file.string(),
                     bytes.size(), kHeaderBytes + kTriangleBytes * count, count));
  std::vector<StlTriangle> triangles = is_binary ? ReadBinary(bytes, count) : ReadText(file, bytes);
  if (triangles.empty()) Fail(fmt::format("{}: no triangles", file.string()));
  for (size_t i = 0; i < triangles.size(); ++i) {
    for (const Float3& p : triangles[i].corners)
      if (!IsSane(p))
        Fail(fmt::format("{}: triangle {} has a coordinate that is not finite", file.string(), i));
    if (!IsSane(triangles[i].normal)) triangles[i].normal = {};
  }
  return triangles;
}

}  // namespace deerbench
