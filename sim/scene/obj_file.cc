#include "sim/scene/obj_file.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "sim/scene/text_parse.h"

namespace deerbench {
namespace {

constexpr uint64_t kMaxFileBytes = 64ull << 20;
constexpr size_t kMaxCorners = 6'000'000;  // two million triangles
constexpr size_t kMaxTextureName = 4096;

using MaterialMap = std::map<std::string, std::shared_ptr<const ObjMaterial>, std::less<>>;

// Reads one text file line by line and knows where it is, for messages.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& file)
      : file_(file), text_(ReadFile(file, kMaxFileBytes)), rest_(text_) {}

  // Moves to the next line with a keyword; false at the end.
  bool Next() {
    while (!rest_.empty()) {
      ++line_number_;
      arguments_ = NextLine(rest_);
      keyword_ = NextWord(arguments_);
      if (!keyword_.empty() && !keyword_.starts_with('#')) return true;
    }
    return false;
  }

  std::string_view keyword() const { return keyword_; }
  std::string_view& arguments() { return arguments_; }

  float Float() {
    const std::string_view word = NextWord(arguments_);
    const std::optional<double> value = ParseNumber(word);
    // Single precision as in PyBullet, rounded from the double that its atof returns.
    const float single = value ? static_cast<float>(*value) : 0;
    if (!value || !(std::abs(single) <= 1e30f)) Bad(word, "a number");
    return single;
  }

  [[noreturn]] void Bad(std::string_view value, std::string_view expected) const {
    Fail(fmt::format("{} line {}: `{}` has '{}', expected {}", file_.string(), line_number_, keyword_,
                     value.substr(0, 40), expected));
  }

 private:
  std::filesystem::path file_;
  std::string text_;
  std::string_view rest_, keyword_, arguments_;
  int line_number_ = 0;
};

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

void ReadMtl(const std::filesystem::path& file, MaterialMap& materials) {
  LineReader reader(file);
  std::shared_ptr<ObjMaterial> material;
  while (reader.Next()) {
    const std::string_view keyword = reader.keyword();
    if (keyword == "newmtl") {
      material = std::make_shared<ObjMaterial>();
      materials[std::string(NextWord(reader.arguments()))] = material;
    } else if (material && keyword == "Kd") {
      for (float& value : material->diffuse) value = reader.Float();
    } else if (material && keyword == "map_Kd") {
      const std::string_view name = Trimmed(reader.arguments());
      if (name.size() > kMaxTextureName)
        reader.Bad(name, fmt::format("a file name of at most {} bytes", kMaxTextureName));
      material->diffuse_texture = name;
    }
  }
}

// One index of a corner, from 1, or from the end if negative, to one from 0.
int ResolveIndex(const LineReader& reader, std::string_view text, size_t count) {
  const std::optional<int> value = ParseInteger(text);
  const int64_t index = !value ? -1 : *value > 0 ? *value - 1 : static_cast<int64_t>(count) + *value;
  if (!value || *value == 0 || index < 0 || index >= static_cast<int64_t>(count))
    reader.Bad(text, fmt::format("an index of the {} defined so far", count));
  return static_cast<int>(index);
}

ObjCorner ParseCorner(const LineReader& reader, std::string_view word, const ObjFile& obj) {
  std::array<std::string_view, 3> parts;  // position, uv, normal
  for (size_t i = 0; i < 3; ++i) {
    const size_t slash = word.find('/');
    parts[i] = word.substr(0, slash);
    if (slash == std::string_view::npos) break;
    if (i == 2) reader.Bad(word, "at most two slashes");
    word.remove_prefix(slash + 1);
  }
  ObjCorner corner;
  corner.position = ResolveIndex(reader, parts[0], obj.positions.size());
  if (!parts[1].empty()) corner.uv = ResolveIndex(reader, parts[1], obj.uvs.size());
  if (!parts[2].empty()) corner.normal = ResolveIndex(reader, parts[2], obj.normals.size());
  return corner;
}

void ReadFace(LineReader& reader, const ObjFile& obj, std::vector<ObjCorner>& corners) {
  ObjCorner first, previous;
  int count = 0;
  for (auto word = NextWord(reader.arguments()); !word.empty(); word = NextWord(reader.arguments())) {
    const ObjCorner corner = ParseCorner(reader, word, obj);
    if (count == 0) first = corner;
    if (count >= 2) corners.insert(corners.end(), {first, previous, corner});
    previous = corner;
    ++count;
  }
  if (count < 3) reader.Bad(fmt::format("{} corners", count), "at least 3");
}

}  // namespace

ObjFile ReadObj(const std::filesystem::path& file) {
  LineReader reader(file);
  ObjFile obj;
  MaterialMap materials;
  std::set<std::filesystem::path> read;
  const auto none = std::make_shared<const ObjMaterial>();
  ObjObject current{.name = {}, .material = none, .corners = {}};
  size_t num_corners = 0;
  const auto finish_object = [&](std::string_view next_name) {
    ObjObject next{.name = std::string(next_name), .material = current.material, .corners = {}};
    if (!current.corners.empty()) obj.objects.push_back(std::move(current));
    current = std::move(next);
  };
  while (reader.Next()) {
    const std::string_view keyword = reader.keyword();
    if (keyword == "v") {
      const float x = reader.Float(), y = reader.Float(), z = reader.Float();
      obj.positions.push_back({x, y, z});
    } else if (keyword == "vn") {
      const float x = reader.Float(), y = reader.Float(), z = reader.Float();
      obj.normals.push_back({x, y, z});
    } else if (keyword == "vt") {
      const float u = reader.Float(), v = reader.Float();
      obj.uvs.push_back({u, v});
    } else if (keyword == "f") {
      const size_t corners_before = current.corners.size();
      ReadFace(reader, obj, current.corners);
      num_corners += current.corners.size() - corners_before;
      if (num_corners > kMaxCorners)
        reader.Bad("one face more", fmt::format("at most {} corners", kMaxCorners));
    } else if (keyword == "o" || keyword == "g") {
      finish_object(NextWord(reader.arguments()));
    } else if (keyword == "usemtl") {
      const auto found = materials.find(NextWord(reader.arguments()));
      current.material = found == materials.end() ? none : found->second;
    } else if (keyword == "mtllib") {
      const auto mtl = file.parent_path() / std::string(NextWord(reader.arguments()));
      std::error_code error;
      if (std::filesystem::is_regular_file(mtl, error) && read.insert(mtl).second) ReadMtl(mtl, materials);
    }
  }
  finish_object({});
  if (obj.objects.empty())
    Fail(fmt::format("{}: no faces, expected a mesh of at least one `f`", file.string()));
  return obj;
}

}  // namespace deerbench
