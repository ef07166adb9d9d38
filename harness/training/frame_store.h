// Pictures of one demonstrations file at the size the vision encoder takes, drawn once and kept on disk, with
// what lies where in them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "datasets/frame_loader.h"
#include "harness/training/demo_set.h"
#include "harness/training/record_store.h"
#include "harness/training/training.h"

namespace deerbench {

// Sides of square pictures and of the encoder's feature maps.
struct FrameLayout {
  int static_size = 100, gripper_size = 42;  // half of what the cameras give
  int static_grid = 25, gripper_grid = 21;

  size_t static_bytes() const { return size_t{3} * static_size * static_size; }
  size_t gripper_bytes() const { return size_t{3} * gripper_size * gripper_size; }
  // Where things stand in a record: static picture, gripper picture, PixelClass maps of both, then how many
  // pixels of each block the cameras see (uint16 each: three static, three gripper).
  size_t gripper_begin() const { return static_bytes(); }
  size_t static_classes_begin() const { return gripper_begin() + gripper_bytes(); }
  size_t gripper_classes_begin() const { return static_classes_begin() + size_t(static_grid) * static_grid; }
  size_t counts_begin() const {
    return (gripper_classes_begin() + size_t(gripper_grid) * gripper_grid + 1) / 2 * 2;
  }
  size_t record_bytes() const { return counts_begin() + 6 * sizeof(uint16_t); }
};

class FrameStore {
 public:
  // Every `stride`-th frame of file number `file` of `data`, kept at `path`.
  FrameStore(const std::filesystem::path& path, const DemoSet& data, int file, int stride,
             const FrameLayout& layout);

  // Draws what is not there yet. Returns false if it was stopped. `scenes` by letter.
  bool Fill(const std::map<std::string, TabletopScene>& scenes, int threads, TrainingMonitor& monitor);

  int64_t size() const { return store_.size(); }
  int64_t frame_of_file(int64_t index) const { return index * stride_; }
  const uint8_t* record(int64_t index) const { return store_.record(index); }
  const FrameLayout& layout() const { return layout_; }

 private:
  const DemoSet& data_;
  int file_, stride_;
  FrameLayout layout_;
  RecordStore store_;
};

// Mean of each 2 x 2 block, rounded: (2 S, 2 S, 3) -> (S, S, 3).
void Halve(const uint8_t* picture, int size, uint8_t* out);

// What names a file's content well enough to keep what was computed from it, also while demonstrations are
// being appended.
std::string SourceKey(const DemoReader& reader);
std::string SourceKey(const std::filesystem::path& path, int env_version, const std::string& settings);

// How it was looked at; empty for the scenes' own cameras.
std::string ViewKey(double view_shift_m);

}  // namespace deerbench
