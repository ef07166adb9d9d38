// Wavefront OBJ files with their MTL materials, as PyBullet's loader (tinyobj in Bullet's
// examples/ThirdPartyLibs) understands them: objects end at `o` and `g` lines alike, polygons are cut into
// fans from their first corner, and coordinates have single precision.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/scene/visual_model.h"

namespace deerbench {

struct ObjMaterial {
  std::array<float, 3> diffuse = {0, 0, 0};  // Kd
  std::string diffuse_texture;  // map_Kd as in the file, relative to it, at most 4096 bytes; empty: none
};

// Indices from 0 into ObjFile's arrays; -1: not given.
struct ObjCorner {
  int position = 0, uv = -1, normal = -1;
};

struct ObjObject {
  std::string name;
  // The last `usemtl` before the object's end, shared by all objects of it; never null.
  std::shared_ptr<const ObjMaterial> material;
  std::vector<ObjCorner> corners;  // (T * 3)
};

struct ObjFile {
  std::vector<Float3> positions, normals;
  std::vector<Float2> uvs;
  std::vector<ObjObject> objects;  // those with faces, in file order; never empty
};

// Throws Error naming file, line and value. An MTL file that is not there is passed over (CALVIN ships OBJs
// that name such), as is a material it does not define; a broken one is an error. Each MTL file is read once.
ObjFile ReadObj(const std::filesystem::path& file);

}  // namespace deerbench
