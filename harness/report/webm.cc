#include "harness/report/webm.h"

#include <bit>

#include "base/error.h"

namespace deerbench {
namespace {

// Element identifiers, from the Matroska specification.
enum Id : uint32_t {
  kEbml = 0x1A45DFA3,
  kEbmlVersion = 0x4286,
  kEbmlReadVersion = 0x42F7,
  kEbmlMaxIdLength = 0x42F2,
  kEbmlMaxSizeLength = 0x42F3,
  kDocType = 0x4282,
  kDocTypeVersion = 0x4287,
  kDocTypeReadVersion = 0x4285,
  kSegment = 0x18538067,
  kSeekHead = 0x114D9B74,
  kSeek = 0x4DBB,
  kSeekId = 0x53AB,
  kSeekPosition = 0x53AC,
  kInfo = 0x1549A966,
  kTimestampScale = 0x2AD7B1,
  kDuration = 0x4489,
  kMuxingApp = 0x4D80,
  kWritingApp = 0x5741,
  kTracks = 0x1654AE6B,
  kTrackEntry = 0xAE,
  kTrackNumber = 0xD7,
  kTrackUid = 0x73C5,
  kTrackType = 0x83,
  kFlagLacing = 0x9C,
  kDefaultDuration = 0x23E383,
  kCodecId = 0x86,
  kVideo = 0xE0,
  kPixelWidth = 0xB0,
  kPixelHeight = 0xBA,
  kColour = 0x55B0,
  kMatrixCoefficients = 0x55B1,
  kRange = 0x55B9,
  kTransferCharacteristics = 0x55BA,
  kPrimaries = 0x55BB,
  kCues = 0x1C53BB6B,
  kCuePoint = 0xBB,
  kCueTime = 0xB3,
  kCueTrackPositions = 0xB7,
  kCueTrack = 0xF7,
  kCueClusterPosition = 0xF1,
  kCluster = 0x1F43B675,
  kTimestamp = 0xE7,
  kSimpleBlock = 0xA3,
};

std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

std::string IdBytes(uint32_t id) {
  return BigEndian(id, id > 0xFFFFFF ? 4 : id > 0xFFFF ? 3 : id > 0xFF ? 2 : 1);
}

// Sizes always take eight bytes: what an element takes does not depend on what it holds.
std::string Element(Id id, const std::string& payload) {
  return IdBytes(id) + BigEndian(payload.size() | uint64_t{1} << 56, 8) + payload;
}

// Eight bytes always, for the same reason.
std::string Unsigned(Id id, uint64_t value) { return Element(id, BigEndian(value, 8)); }
std::string Float(Id id, double value) { return Element(id, BigEndian(std::bit_cast<uint64_t>(value), 8)); }

int64_t Milliseconds(int64_t index, int fps) { return (index * 1000 + fps / 2) / fps; }

std::string Header() {
  return Element(kEbml, Unsigned(kEbmlVersion, 1) + Unsigned(kEbmlReadVersion, 1) +
                            Unsigned(kEbmlMaxIdLength, 4) + Unsigned(kEbmlMaxSizeLength, 8) +
                            Element(kDocType, "webm") + Unsigned(kDocTypeVersion, 4) +
                            Unsigned(kDocTypeReadVersion, 2));
}

std::string Info(double duration_ms) {
  return Element(kInfo, Unsigned(kTimestampScale, 1'000'000) + Float(kDuration, duration_ms) +
                            Element(kMuxingApp, "deerbench") + Element(kWritingApp, "deerbench"));
}

std::string Tracks(const WebmTrack& track) {
  // Code points of ITU-T H.273: matrix 6 = BT.601, transfer 13 = sRGB, primaries 1 = sRGB; range 1 = limited.
  const std::string colour = Unsigned(kMatrixCoefficients, 6) + Unsigned(kRange, 1) +
                             Unsigned(kTransferCharacteristics, 13) + Unsigned(kPrimaries, 1);
  const std::string video = Unsigned(kPixelWidth, static_cast<uint64_t>(track.width)) +
                            Unsigned(kPixelHeight, static_cast<uint64_t>(track.height)) +
                            Element(kColour, colour);
  return Element(
      kTracks,
      Element(kTrackEntry, Unsigned(kTrackNumber, 1) + Unsigned(kTrackUid, 1) + Unsigned(kTrackType, 1) +
                               Unsigned(kFlagLacing, 0) +
                               Unsigned(kDefaultDuration, 1'000'000'000u / static_cast<uint64_t>(track.fps)) +
                               Element(kCodecId, track.codec == VpxCodec::kVp9 ? "V_VP9" : "V_VP8") +
                               Element(kVideo, video)));
}

struct Cluster {
  int64_t time_ms = 0;
  std::string bytes;
};

// A new one at each key frame, so that each index entry leads to a picture that needs no other.
std::vector<Cluster> Clusters(const std::vector<VpxFrame>& frames, int fps) {
  constexpr int64_t kLongestMs = 30'000;  // a block's time within its cluster is a signed 16-bit number
  std::vector<Cluster> clusters;
  for (const VpxFrame& frame : frames) {
    const int64_t time = Milliseconds(frame.index, fps);
    if (frame.keyframe || time - clusters.back().time_ms > kLongestMs) {
      clusters.push_back({time, Unsigned(kTimestamp, static_cast<uint64_t>(time))});
    }
    const auto relative = static_cast<uint64_t>(time - clusters.back().time_ms);
    const std::string head =
        std::string("\x81", 1) + BigEndian(relative, 2) + (frame.keyframe ? '\x80' : '\0');
    clusters.back().bytes += Element(kSimpleBlock, head + frame.data);
  }
  for (Cluster& cluster : clusters) cluster.bytes = Element(kCluster, cluster.bytes);
  return clusters;
}

// `first` is where the first cluster starts in the segment.
std::string Cues(const std::vector<Cluster>& clusters, size_t first) {
  std::string points;
  size_t position = first;
  for (const Cluster& cluster : clusters) {
    points += Element(
        kCuePoint,
        Unsigned(kCueTime, static_cast<uint64_t>(cluster.time_ms)) +
            Element(kCueTrackPositions, Unsigned(kCueTrack, 1) + Unsigned(kCueClusterPosition, position)));
    position += cluster.bytes.size();
  }
  return Element(kCues, points);
}

std::string Seek(Id id, size_t position) {
  return Element(kSeek, Element(kSeekId, IdBytes(id)) + Unsigned(kSeekPosition, position));
}

std::string SeekHead(size_t info, size_t tracks, size_t cues) {
  return Element(kSeekHead, Seek(kInfo, info) + Seek(kTracks, tracks) + Seek(kCues, cues));
}

}  // namespace

std::string MakeWebm(const WebmTrack& track, const std::vector<VpxFrame>& frames) {
  Require(!frames.empty(), "video: 0 frames: expected at least one");
  Require(frames.front().keyframe, "video: the first frame is no key frame: expected one");
  const std::vector<Cluster> clusters = Clusters(frames, track.fps);
  const std::string info = Info(static_cast<double>(Milliseconds(frames.back().index + 1, track.fps)));
  const std::string tracks = Tracks(track);
  const size_t info_at = SeekHead(0, 0, 0).size();
  const size_t tracks_at = info_at + info.size();
  const size_t cues_at = tracks_at + tracks.size();
  const size_t clusters_at = cues_at + Cues(clusters, 0).size();
  std::string segment = SeekHead(info_at, tracks_at, cues_at) + info + tracks + Cues(clusters, clusters_at);
  for (const Cluster& cluster : clusters) segment += cluster.bytes;
  return Header() + Element(kSegment, segment);
}

}  // namespace deerbench
