#include "harness/contact_sheet.h"

#include <array>
#include <vector>

#include "base/error.h"
#include "base/png.h"
#include "datasets/frame_loader.h"
#include "harness/report/strip.h"

namespace deerbench {
namespace {

// The first demonstration of each task, in the order of tasks.
std::vector<int> FirstOfEachTask(const DemoReader& reader) {
  std::array<int, kTaskCount> first;
  first.fill(-1);
  for (int i = reader.size() - 1; i >= 0; --i)
    first[static_cast<size_t>(reader.demos()[static_cast<size_t>(i)].task)] = i;
  std::vector<int> chosen;
  for (const int demo : first) {
    if (demo >= 0) chosen.push_back(demo);
  }
  return chosen;
}

}  // namespace

void WriteContactSheet(const std::shared_ptr<const DemoReader>& reader, const std::string& scenes_dir,
                       const std::filesystem::path& png, const ContactSheetOptions& options) {
  const std::vector<int> chosen = FirstOfEachTask(*reader);
  Require(!chosen.empty(), reader->path().string() + ": holds no demonstrations");
  std::vector<FrameRef> frames;
  for (const int demo : chosen) {
    const int last = reader->demos()[static_cast<size_t>(demo)].moments - 1;
    for (int c = 0; c < options.columns; ++c)
      frames.push_back({.demo = demo, .step = last * c / (options.columns - 1)});
  }
  std::vector<uint8_t> rgb_static(frames.size() * FrameLoader::kStaticBytes);
  std::vector<uint8_t> rgb_gripper(frames.size() * FrameLoader::kGripperBytes);
  FrameLoader loader(reader, LoadScenesOf(*reader, scenes_dir), {.threads = options.threads});
  loader.Load(frames, {.rgb_static = rgb_static.data(), .rgb_gripper = rgb_gripper.data()});

  const auto picture = [](int size, const std::vector<uint8_t>& pixels, size_t index) {
    const size_t bytes = size_t{3} * static_cast<size_t>(size) * static_cast<size_t>(size);
    return PictureView{size, size, std::span(pixels).subspan(index * bytes, bytes)};
  };
  std::vector<StripRow> rows;
  for (size_t i = 0; i < frames.size(); ++i) {
    const DemoInfo& info = reader->demos()[static_cast<size_t>(frames[i].demo)];
    if (i % static_cast<size_t>(options.columns) == 0) {
      rows.push_back({.number = frames[i].demo,
                      .instruction = info.sentence,
                      .success = info.success,
                      .steps = info.length,
                      .frames = {}});
    }
    rows.back().frames.push_back(
        {frames[i].step, MakeStripCell(picture(FrameLoader::kStaticSize, rgb_static, i),
                                       picture(FrameLoader::kGripperSize, rgb_gripper, i))});
  }
  const Picture sheet = MakeStrip(rows, options.columns);
  WritePng(png, sheet.width(), sheet.height(), 3, sheet.rgb());
}

}  // namespace deerbench
