// The readers of scenes: URDF, OBJ with MTL, STL and scene YAML. An input's first byte says which.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/png.h"
#include "sim/scene/load.h"
#include "sim/scene/mesh_io.h"
#include "sim/scene/urdf.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSmallObj =
    "mtllib small.mtl\n"
    "o first\nv 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nv 0 0 0.1\nvt 0 0\nvt 1 0.5\nvn 0 0 1\n"
    "usemtl wood\nf 1/1/1 2/2/1 3/1/1\nf 1 4 2\no second\ng part\nf 2//1 3//1 4//1 -4//-1\n";
constexpr std::string_view kSmallMtl =
    "newmtl wood\nKd 0.5 0.25 1\nmap_Kd missing.png\nnewmtl steel\nKd 1 1 1\n";
constexpr std::string_view kTextStl =
    "solid part\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\n"
    "endfacet\nfacet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 1 0 1e-3\nvertex 0 1 0\nendloop\n"
    "endfacet\nendsolid part\n";

std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Write(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

fs::path ScenesFolder() {
  const char* folder = std::getenv("DEERBENCH_SCENES");
  if (folder == nullptr) Fail("DEERBENCH_SCENES is not set, expected the scenes' folder");
  return folder;
}

// What stands between `before` and `after` becomes what `change` makes of it, everywhere.
template <typename Change>
std::string Replaced(std::string text, std::string_view before, std::string_view after,
                     const Change& change) {
  for (size_t at = 0; (at = text.find(before, at)) != std::string::npos;) {
    at += before.size();
    const size_t end = text.find(after, at);
    if (end == std::string::npos) break;
    const std::string by = change(text.substr(at, end - at));
    text.replace(at, end - at, by);
    at += by.size();
  }
  return text;
}

// A copy of a URDF whose meshes are small ones, so that an input takes a millisecond.
std::string WithSmallFiles(const std::string& urdf) {
  return Replaced(urdf, "filename=\"", "\"", [](const std::string& file) -> std::string {
    return file.ends_with(".obj") ? "small.obj" : file.ends_with(".stl") ? "small.stl" : "small.png";
  });
}

// Where inputs become files. Scenes that a fuzzed YAML names are there, with small meshes.
class Workplace {
 public:
  Workplace() {
    for (const auto& entry : fs::recursive_directory_iterator(ScenesFolder())) {
      if (entry.path().extension() != ".urdf") continue;
      const fs::path file = path() / fs::relative(entry.path(), ScenesFolder());
      fs::create_directories(file.parent_path());
      Write(file, WithSmallFiles(ReadAll(entry.path())));
    }
    Write(path() / "small.obj", kSmallObj.substr(kSmallObj.find('\n') + 1));
    Write(path() / "small.stl", kTextStl);
    WritePng(path() / "small.png", 2, 2, 3, std::vector<uint8_t>(12, 99));
  }
  const fs::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

void LoadMesh(const fs::path& file) {
  // Each looks at a file in its own way, and one may refuse what another takes.
  try {
    LoadVisualMesh(file);
  } catch (const Error&) {
  }
  LoadTriangles(file, {1, 2, -0.5});
}

void Load(int format, std::string_view bytes) {
  static const Workplace place;
  static const fs::path urdf = place.path() / "input.urdf", obj = place.path() / "input.obj",
                        stl = place.path() / "input.STL", yaml = place.path() / "scene_X.yaml",
                        other_obj = place.path() / "mtl" / "with.obj",
                        mtl = place.path() / "mtl" / "small.mtl";
  switch (format) {
    case 0: {
      Write(urdf, bytes);
      VisualModel model;
      VisualLibrary visuals(model);
      LoadUrdf(urdf, {.global_scaling = 0.8, .X_WB = {}}, visuals);
      break;
    }
    case 1:
      Write(obj, bytes);
      LoadMesh(obj);
      break;
    case 2:
      Write(stl, bytes);
      LoadMesh(stl);
      break;
    case 3:
      Write(yaml, bytes);
      LoadSceneDescription("X", place.path().string());
      break;
    default:
      fs::create_directories(mtl.parent_path());
      Write(other_obj, kSmallObj);
      Write(mtl, bytes);
      LoadVisualMesh(other_obj);
  }
}

}  // namespace

namespace fuzz {

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  const auto add = [&](int format, const std::string& bytes) {
    seeds.push_back(static_cast<char>('0' + format) + bytes);
  };
  for (const auto& entry : fs::recursive_directory_iterator(ScenesFolder())) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".urdf") add(0, WithSmallFiles(ReadAll(entry.path())));
    if (extension == ".obj" && entry.file_size() < 4096) add(1, ReadAll(entry.path()));
    if (extension == ".mtl") add(4, ReadAll(entry.path()));
  }
  for (const char* name : {"scene_A.yaml", "scene_D.yaml"}) {
    add(3, Replaced(ReadAll(ScenesFolder() / name), "\nname: ", "\n",
                    [](const std::string&) -> std::string { return "X"; }));
  }
  add(1, std::string(kSmallObj));
  add(4, std::string(kSmallMtl));
  add(2, std::string(kTextStl));
  std::string binary(84 + 2 * 50, '\0');  // two triangles
  binary[80] = 2;
  for (size_t i = 84; i < binary.size(); i += 4) binary[i + 3 < binary.size() ? i + 3 : i] = '\x3e';
  add(2, binary);
  // Folders are listed in any order; a run is to be the same everywhere.
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

std::vector<std::string> Dictionary() {
  return {"<link name=\"a\">",
          "</link>",
          "<joint name=\"b\" type=\"revolute\">",
          "<origin xyz=\"0 0 0\" rpy=\"0 0 0\"/>",
          "<limit lower=\"1\" upper=\"-1\"/>",
          "<mesh filename=\"small.obj\" scale=\"1 1 1\"/>",
          "<inertia ixx=\"0\"/>",
          "<!--",
          "-->",
          "<![CDATA[",
          "&#0;",
          "&amp;",
          "<!DOCTYPE a [",
          "\nf 1 2 3\n",
          "\nf -1 -2 -3\n",
          "\nv 1 2 3\n",
          "\nvn 0 0 0\n",
          "\nvt 0 0\n",
          "1//1 ",
          "1/1/1 ",
          "\nusemtl wood\n",
          "\nmtllib small.mtl\n",
          "\nmtllib .\n",
          "\no\n",
          "map_Kd small.png\n",
          "Kd ",
          "solid ",
          "facet normal ",
          "vertex ",
          "endfacet\n",
          "&a ",
          "*a",
          "<<: *a\n",
          "!!binary ",
          "? ",
          "|\n",
          "{",
          "}",
          "[",
          "]",
          ": ",
          "~",
          "\t",
          "\r\n",
          "\xef\xbb\xbf"};
}

size_t AllocationLimit(size_t input_bytes) {
  // A corner of a face takes two bytes in a file and up to 72 in a growing array; parsers keep pools.
  return (size_t{1} << 20) + 96 * input_bytes;
}

}  // namespace fuzz
}  // namespace deerbench

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    deerbench::Load(data[0] % 8 % 5, {reinterpret_cast<const char*>(data) + 1, size - 1});
  } catch (const deerbench::Error&) {
    // As it should be.
  }
  return 0;
}
