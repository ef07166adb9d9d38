// Just enough of a WebM parser, written against the specification and not against our writer, to say what a
// file holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace deerbench {

struct WebmFile {
  std::string doc_type, codec;
  uint64_t width = 0, height = 0, matrix = 0, range = 0;
  double duration_ms = 0;
  std::vector<int64_t> block_times_ms;
  std::vector<bool> block_is_key;
  std::vector<std::string> blocks;  // compressed frames
  struct Cue {
    uint64_t time_ms = 0;
    bool at_cluster = false;       // it points at a cluster's first byte
    uint64_t cluster_time_ms = 0;  // of the cluster that it points at
  };
  std::vector<Cue> cues;
  bool cues_before_clusters = false;
};

// Throws std::runtime_error for anything that is not EBML from the first byte to the last.
WebmFile ParseWebm(const std::string& bytes);

}  // namespace deerbench
