#include "harness/training/frame_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/sha256.h"
#include "harness/training/scene_targets.h"

namespace deerbench {
namespace {

constexpr int kStaticSize = FrameLoader::kStaticSize, kGripperSize = FrameLoader::kGripperSize;
constexpr int64_t kChunk = 128;       // frames drawn together
constexpr int64_t kSaveEvery = 2048;  // frames

// Class of each cell of a feature map: of the pixel at the middle of what its convolutions look at (stride s
// and padding kernel / 2 keep a cell's middle at the first pixel of its own), and pixels of each block.
void Classify(const int32_t* bodies, int size, const PixelClasses& classes, int grid, uint8_t* map,
              uint16_t* counts) {
  const int step = size / grid, first = std::min(1, step - 1);
  for (int y = 0; y < grid; ++y)
    for (int x = 0; x < grid; ++x)
      map[y * grid + x] = classes[bodies[(y * size / grid + first) * size + x * size / grid + first]];
  int seen[kPixelClasses] = {};
  for (int i = 0; i < size * size; ++i) ++seen[classes[bodies[i]]];
  for (int block = 0; block < 3; ++block) counts[block] = static_cast<uint16_t>(seen[kRedBlock + block]);
}

}  // namespace

void Halve(const uint8_t* picture, int size, uint8_t* out) {
  const int row = 2 * size * 3;
  for (int y = 0; y < size; ++y) {
    const uint8_t* top = picture + 2 * y * row;
    const uint8_t* bottom = top + row;
    for (int x = 0; x < size; ++x)
      for (int c = 0; c < 3; ++c)
        *out++ = static_cast<uint8_t>(
            (top[6 * x + c] + top[6 * x + 3 + c] + bottom[6 * x + c] + bottom[6 * x + 3 + c] + 2) / 4);
  }
}

std::string SourceKey(const std::filesystem::path& path, int env_version, const std::string& settings) {
  return fmt::format("{} env {} {}", path.filename().string(), env_version, Sha256Hex(settings));
}

std::string ViewKey(double view_shift_m) {
  return view_shift_m > 0 ? fmt::format(" moved by {} m", view_shift_m) : "";
}

std::string SourceKey(const DemoReader& reader) {
  return SourceKey(reader.path(), reader.info().env_version, reader.info().settings);
}

FrameStore::FrameStore(const std::filesystem::path& path, const DemoSet& data, int file, int stride,
                       const FrameLayout& layout)
    : data_(data),
      file_(file),
      stride_(stride),
      layout_(layout),
      store_(path,
             fmt::format("{} stride {} sizes {} {} grids {} {}{}", SourceKey(*data.reader(file)), stride,
                         layout.static_size, layout.gripper_size, layout.static_grid, layout.gripper_grid,
                         ViewKey(data.view_shift_m())),
             layout.record_bytes(), (data.frames_of(file) + stride - 1) / stride) {
  if (layout.static_size * 2 != kStaticSize || layout.gripper_size * 2 != kGripperSize) {
    Fail(fmt::format("vision encoder takes pictures of {} and {} pixels, expected half of {} and {}",
                     layout.static_size, layout.gripper_size, kStaticSize, kGripperSize));
  }
}

bool FrameStore::Fill(const std::map<std::string, TabletopScene>& scenes, int threads,
                      TrainingMonitor& monitor) {
  if (store_.filled() == store_.size()) return true;
  const DemoReader& reader = *data_.reader(file_);
  FrameLoader loader(data_.reader(file_), scenes, data_.LoaderOptions(threads));
  std::map<std::string, PixelClasses> classes;
  for (const auto& [letter, scene] : scenes) classes.emplace(letter, PixelClasses(World(scene.model)));

  std::vector<uint8_t> rgb_static(kChunk * FrameLoader::kStaticBytes),
      rgb_gripper(kChunk * FrameLoader::kGripperBytes);
  constexpr size_t kStaticPixels = size_t{kStaticSize} * kStaticSize,
                   kGripperPixels = size_t{kGripperSize} * kGripperSize;
  std::vector<int32_t> bodies_static(kChunk * kStaticPixels), bodies_gripper(kChunk * kGripperPixels);
  monitor.Begin("frames", "frames", static_cast<int>(store_.size()), static_cast<int>(store_.filled()));
  int64_t done = store_.filled();
  std::vector<FrameRef> refs;
  while (done < store_.size() && !monitor.Stop()) {
    refs.clear();
    for (int64_t i = done; i < std::min(store_.size(), done + kChunk); ++i)
      refs.push_back(data_.ref(file_, frame_of_file(i)));
    loader.Load(refs, {rgb_static.data(), rgb_gripper.data(), bodies_static.data(), bodies_gripper.data()});
    for (size_t i = 0; i < refs.size(); ++i) {
      uint8_t* record = store_.record(done + static_cast<int64_t>(i));
      Halve(&rgb_static[i * FrameLoader::kStaticBytes], layout_.static_size, record);
      Halve(&rgb_gripper[i * FrameLoader::kGripperBytes], layout_.gripper_size,
            record + layout_.gripper_begin());
      const PixelClasses& lookup = classes.at(reader.demos()[refs[i].demo].scene);
      uint16_t counts[6];
      Classify(&bodies_static[i * kStaticPixels], kStaticSize, lookup, layout_.static_grid,
               record + layout_.static_classes_begin(), counts);
      Classify(&bodies_gripper[i * kGripperPixels], kGripperSize, lookup, layout_.gripper_grid,
               record + layout_.gripper_classes_begin(), counts + 3);
      std::memcpy(record + layout_.counts_begin(), counts, sizeof counts);
    }
    done += static_cast<int64_t>(refs.size());
    if (done - store_.filled() >= kSaveEvery || done == store_.size()) store_.SetFilled(done);
    monitor.Update(static_cast<int>(done), "");
  }
  store_.SetFilled(done);
  return done == store_.size();
}

}  // namespace deerbench
