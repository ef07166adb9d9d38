// Fills a VisualModel: every file is read once and every material stored once, however often it is used.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <tuple>

#include "sim/scene/visual_model.h"

namespace deerbench {

class VisualLibrary {
 public:
  // `model` must outlive this object.
  explicit VisualLibrary(VisualModel& model) : model_(model) {}

  struct FileMesh {
    int mesh = 0;
    int texture = -1;  // the one the mesh file names, -1 for none
  };

  // These give indices into the model; they throw Error naming the file that is missing or broken.
  FileMesh MeshFromFile(const std::filesystem::path& file);
  int TextureFromFile(const std::filesystem::path& file);
  int AddMesh(TriangleMesh mesh);
  int MaterialFor(const std::array<float, 4>& rgba, int texture, float specular = Material{}.specular);

  VisualModel& model() { return model_; }

 private:
  VisualModel& model_;
  std::map<std::filesystem::path, FileMesh> meshes_;
  std::map<std::filesystem::path, int> textures_;
  std::map<std::tuple<std::array<float, 4>, int, float>, int> materials_;
};

}  // namespace deerbench
