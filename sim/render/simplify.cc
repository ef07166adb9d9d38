#include "sim/render/simplify.h"

#include <array>
#include <cmath>
#include <map>
#include <set>

namespace deerbench::render {

TriangleMesh ClusterVertices(const TriangleMesh& mesh, double cell_m) {
  struct Cluster {
    uint32_t number = 0;
    std::set<std::array<float, 3>> positions;  // vertices repeat them, once for each normal
  };
  std::map<std::array<int64_t, 3>, Cluster> clusters;
  std::vector<uint32_t> cluster_of_vertex;
  for (const Float3& p : mesh.positions) {
    const auto cell = [&](float x) { return static_cast<int64_t>(std::floor(x / cell_m)); };
    const auto [entry, is_new] = clusters.try_emplace({cell(p.x), cell(p.y), cell(p.z)});
    if (is_new) entry->second.number = static_cast<uint32_t>(clusters.size()) - 1;
    entry->second.positions.insert({p.x, p.y, p.z});
    cluster_of_vertex.push_back(entry->second.number);
  }
  TriangleMesh coarse;
  coarse.name = mesh.name;
  coarse.positions.resize(clusters.size());
  coarse.normals.resize(clusters.size(), {0, 0, 1});
  for (const auto& [cell, cluster] : clusters) {
    double sum[3] = {};
    for (const std::array<float, 3>& position : cluster.positions) {
      for (size_t k = 0; k < 3; ++k) sum[k] += position[k];
    }
    const auto n = static_cast<double>(cluster.positions.size());
    coarse.positions[cluster.number] = {static_cast<float>(sum[0] / n), static_cast<float>(sum[1] / n),
                                        static_cast<float>(sum[2] / n)};
  }
  for (size_t t = 0; t < mesh.indices.size(); t += 3) {
    const uint32_t a = cluster_of_vertex[mesh.indices[t]], b = cluster_of_vertex[mesh.indices[t + 1]],
                   c = cluster_of_vertex[mesh.indices[t + 2]];
    if (a != b && b != c && c != a) coarse.indices.insert(coarse.indices.end(), {a, b, c});
  }
  return coarse;
}

}  // namespace deerbench::render
