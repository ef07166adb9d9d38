// Pixels that need more than one sample of visibility: silhouettes and creases.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/render/raster.h"

namespace deerbench::render {

// One bit a pixel, eight pixels of a row a byte, and how many bits are set before each byte.
class EdgeFlags {
 public:
  // Where `first_id` is not 0, only pixels count which show an instance from that name on or have a neighbour
  // that does. Flags pixels whose right, left, upper or lower neighbour belongs to another instance, and
  // those at which depth bends: over a plane the inverse of depth is linear on the screen. `visibility` has
  // its margin filled.
  void Find(const VisibilityBuffer& visibility, const View& view, uint32_t first_id);

  int groups() const { return groups_; }  // bytes a row
  uint8_t group(int gx, int y) const { return bits_[static_cast<size_t>(y * groups_ + gx)]; }
  bool at(int x, int y) const { return (group(x >> 3, y) >> (x & 7) & 1) != 0; }
  // Number of flagged pixels before pixel (x, y): its place in arrays over flagged pixels.
  int Rank(int x, int y) const {
    const auto g = static_cast<size_t>(y * groups_ + (x >> 3));
    return before_[g] + __builtin_popcount(bits_[g] & ((1u << (x & 7)) - 1));
  }
  // Of the first pixel of a group.
  int GroupRank(int gx, int y) const { return before_[static_cast<size_t>(y * groups_ + gx)]; }
  const uint8_t* row(int y) const { return bits_.data() + y * groups_; }
  int count() const { return count_; }

 private:
  int groups_ = 0, count_ = 0;
  std::vector<uint8_t> bits_;
  std::vector<int32_t> before_;
};

}  // namespace deerbench::render
