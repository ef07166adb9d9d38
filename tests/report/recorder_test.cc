#include "harness/report/recorder.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/png.h"
#include "tests/report/synthetic_run.h"
#include "tests/report/webm_reader.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

const RecordedChain kChain{
    7, "chain 7", {"open the drawer", "lift the red block", "push it", "turn it", "place it"}};

void RecordSubtask(EpisodeRecorder& recorder, int steps, bool success) {
  recorder.BeginSubtask();
  for (int i = 0; i <= steps; ++i) {
    const double time = static_cast<double>(i) / std::max(1, steps);
    recorder.Add(SyntheticView(200, time).view(), SyntheticView(84, 1 - time).view());
  }
  recorder.EndSubtask(success);
}

TEST_CASE("A strip has a row of key frames for each attempted subtask") {
  const TemporaryFolder folder;
  EpisodeRecorder recorder(folder.path(), kChain, {.strip_frames = 5});
  RecordSubtask(recorder, 40, true);
  RecordSubtask(recorder, 3, true);
  RecordSubtask(recorder, 360, false);
  recorder.Finish();
  CHECK(StripFileName(7) == "media/chain_00007_strip.png");
  const PngImage png = ReadPng(folder.path() / StripFileName(7), 3);
  CHECK(png.width == StripLayout::Width(5));
  CHECK(png.height == 3 * StripLayout::RowHeight());
  CHECK_FALSE(fs::exists(folder.path() / VideoFileName(7)));

  const auto rows = CutStrip(Picture(PictureView{png.width, png.height, png.pixels}));
  REQUIRE(rows.size() == 3);
  // The first key frame shows the first picture, the last one the last; three steps make two key frames.
  CHECK(rows[0].size() == 5);
  CHECK(rows[1].size() == 2);
  CHECK(rows[2].size() == 5);
  CHECK(rows[0].front().at(100, 20) == SyntheticView(200, 0).at(100, 20));
  CHECK(rows[2].back().at(100, 100) == SyntheticView(200, 1).at(100, 100));
  CHECK_THROWS_AS(CutStrip(Picture(png.width + 1, png.height)), Error);
}

TEST_CASE("Pictures that no strip wants can be skipped, but for the last") {
  const TemporaryFolder folder;
  const auto record = [&](bool skip) {
    EpisodeRecorder recorder(folder.path(), kChain, {.strip_frames = 4});
    recorder.BeginSubtask();
    const auto view = [](int size, int i) { return SyntheticView(size, i / 90.0); };
    int drawn = 0;
    for (int i = 0; i <= 90; ++i) {
      if (skip && !recorder.WantsNext()) {
        recorder.Skip();
        continue;
      }
      recorder.Add(view(200, i).view(), view(84, i).view());
      ++drawn;
    }
    if (skip) {
      REQUIRE(recorder.skipped());
      CHECK_THROWS_AS(recorder.EndSubtask(true), Error);
      recorder.AddSkipped(view(200, 90).view(), view(84, 90).view());
    }
    recorder.EndSubtask(true);
    recorder.Finish();
    return std::pair(drawn, ReadFile(folder.path() / StripFileName(7)));
  };
  const auto [all, whole] = record(false);
  const auto [few, same] = record(true);
  CHECK(all == 91);
  CHECK(few < 40);
  CHECK(same == whole);
}

TEST_CASE("Key frames are evenly spaced however long it takes, and few pictures are asked for") {
  for (const int steps : {1, 2, 5, 23, 50, 64, 360, 5000}) {
    FrameSampler sampler(6);
    int asked = 0;
    for (int i = 0; i <= steps; ++i) {
      if (!sampler.Wants(i)) continue;
      sampler.Add(i, Picture(1, 1));
      ++asked;
    }
    CHECK(asked <= 18 + 10 * std::max(0.0, std::log2(steps / 48.0)));
    const auto frames = sampler.Choose({steps, Picture(1, 1)});
    CHECK(frames.size() == std::min<size_t>(6, static_cast<size_t>((steps + 2) / 3) + 1));
    CHECK(frames.front().step == 0);
    CHECK(frames.back().step == steps);
    for (size_t i = 1; i < frames.size(); ++i) {
      const double even = static_cast<double>(steps) / static_cast<double>(frames.size() - 1);
      const double gap = frames[i].step - frames[i - 1].step;
      CHECK(gap >= 1);
      CHECK(std::abs(gap - even) <= std::max(2.0, 0.6 * even));
    }
  }
}

TEST_CASE("A video shows every step in real time and rests at the end of each subtask") {
  const TemporaryFolder folder;
  EpisodeRecorder recorder(folder.path(), kChain, {.video = true, .hold_s = 0.5});
  RecordSubtask(recorder, 20, true);
  RecordSubtask(recorder, 10, false);
  recorder.Finish();
  const WebmFile file = ParseWebm(ReadFile(folder.path() / "media" / "chain_00007.webm"));
  CHECK(file.blocks.size() == 21 + 15 + 11 + 15);
  CHECK(file.width == 832);
  CHECK(file.height == 480);
}

TEST_CASE("What was not finished leaves nothing, what was misused says so") {
  const TemporaryFolder folder;
  {
    EpisodeRecorder recorder(folder.path(), kChain, {.video = true});
    RecordSubtask(recorder, 2, true);
    CHECK_THROWS_AS(recorder.Add(SyntheticView(200, 0).view(), SyntheticView(84, 0).view()), Error);
    recorder.BeginSubtask();
    CHECK_THROWS_AS(recorder.BeginSubtask(), Error);
    CHECK_THROWS_AS(recorder.EndSubtask(true), Error);
  }
  CHECK(fs::is_empty(folder.path()));
  EpisodeRecorder nothing(folder.path(), kChain);
  CHECK_THROWS_AS(nothing.Finish(), Error);
  CHECK_THROWS_WITH(EpisodeRecorder(folder.path(), kChain, {.strip_frames = 1}),
                    Catch::Contains("strip_frames: 1"));
  EpisodeRecorder homeless(folder.path() / "missing" / "run", kChain, {.video = true});
  CHECK(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace deerbench
