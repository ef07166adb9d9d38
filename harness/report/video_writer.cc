#include "harness/report/video_writer.h"

#include <iterator>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "harness/report/webm.h"

namespace deerbench {
namespace {

void Append(std::vector<VpxFrame>& frames, std::vector<VpxFrame> more) {
  frames.insert(frames.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

VideoWriter::VideoWriter(std::filesystem::path path, int width, int height, int fps)
    : path_(std::move(path)), options_{.width = width, .height = height, .fps = fps}, encoder_(options_) {}

void VideoWriter::Add(std::span<const uint8_t> rgb) {
  Require(!finished_, "video: a frame after the end: expected none");
  ToI420({options_.width, options_.height, rgb}, planes_);
  Append(frames_, encoder_.Encode(planes_));
}

void VideoWriter::Finish() {
  Require(!finished_, "video: finished twice: expected once");
  finished_ = true;
  Append(frames_, encoder_.Flush());
  WriteFileAtomically(path_,
                      MakeWebm({options_.codec, options_.width, options_.height, options_.fps}, frames_));
}

}  // namespace deerbench
