#include "tests/report/webm_reader.h"

#include <bit>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace deerbench {
namespace {

struct Element {
  uint64_t id = 0;
  size_t at = 0;  // of its identifier in the file
  size_t data = 0;
  size_t size = 0;
};

class Parser {
 public:
  explicit Parser(const std::string& bytes) : bytes_(bytes) {}

  // The elements in [at, end), which they must fill.
  std::vector<Element> Children(size_t at, size_t end) const {
    std::vector<Element> out;
    while (at < end) {
      Element element{.at = at};
      element.id = Number(at, end, true);
      element.size = Number(at, end, false);
      element.data = at;
      if (element.size > end - at) throw std::runtime_error("an element reaches beyond its parent");
      at += element.size;
      out.push_back(element);
    }
    return out;
  }
  std::vector<Element> Children(const Element& parent) const {
    return Children(parent.data, parent.data + parent.size);
  }
  uint64_t Unsigned(const Element& element) const {
    uint64_t value = 0;
    for (char c : Text(element)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  std::string Text(const Element& element) const { return bytes_.substr(element.data, element.size); }

 private:
  // A variable-length number: the leading zeros of its first byte say how many follow. Identifiers keep the
  // marker.
  uint64_t Number(size_t& at, size_t end, bool keep_marker) const {
    if (at >= end) throw std::runtime_error("a number is cut off");
    const auto first = static_cast<uint8_t>(bytes_[at]);
    const int length = std::countl_zero(first) + 1;
    if (length > 8 || at + static_cast<size_t>(length) > end) throw std::runtime_error("a number is cut off");
    uint64_t value = keep_marker ? first : first & ((1u << (8 - length)) - 1);
    for (int i = 1; i < length; ++i)
      value = value << 8 | static_cast<uint8_t>(bytes_[at + static_cast<size_t>(i)]);
    at += static_cast<size_t>(length);
    return value;
  }

  const std::string& bytes_;
};

}  // namespace

WebmFile ParseWebm(const std::string& bytes) {
  const Parser parser(bytes);
  WebmFile file;
  const std::vector<Element> top = parser.Children(0, bytes.size());
  if (top.size() != 2 || top[0].id != 0x1A45DFA3 || top[1].id != 0x18538067) {
    throw std::runtime_error("expected an EBML header and one segment");
  }
  for (const Element& e : parser.Children(top[0])) {
    if (e.id == 0x4282) file.doc_type = parser.Text(e);
  }
  const auto visit = [&](const auto& self, const Element& parent,
                         const std::function<void(const Element&)>& f) -> void {
    for (const Element& e : parser.Children(parent)) {
      f(e);
      const bool master = e.id == 0xAE || e.id == 0xE0 || e.id == 0x55B0 || e.id == 0xB7;
      if (master) self(self, e, f);
    }
  };
  const Element segment = top[1];
  std::vector<Element> cue_points;
  for (const Element& e : parser.Children(segment)) {
    if (e.id == 0x1549A966) {
      visit(visit, e, [&](const Element& x) {
        if (x.id == 0x4489) file.duration_ms = std::bit_cast<double>(parser.Unsigned(x));
      });
    } else if (e.id == 0x1654AE6B) {
      visit(visit, e, [&](const Element& x) {
        if (x.id == 0x86) file.codec = parser.Text(x);
        if (x.id == 0xB0) file.width = parser.Unsigned(x);
        if (x.id == 0xBA) file.height = parser.Unsigned(x);
        if (x.id == 0x55B1) file.matrix = parser.Unsigned(x);
        if (x.id == 0x55B9) file.range = parser.Unsigned(x);
      });
    } else if (e.id == 0x1C53BB6B) {
      cue_points = parser.Children(e);
      file.cues_before_clusters = file.blocks.empty();
    } else if (e.id == 0x1F43B675) {
      int64_t base = 0;
      for (const Element& x : parser.Children(e)) {
        if (x.id == 0xE7) base = static_cast<int64_t>(parser.Unsigned(x));
        if (x.id != 0xA3) continue;
        const std::string block = parser.Text(x);
        const auto relative =
            static_cast<int16_t>(static_cast<uint8_t>(block[1]) << 8 | static_cast<uint8_t>(block[2]));
        file.block_times_ms.push_back(base + relative);
        file.block_is_key.push_back((block[3] & 0x80) != 0);
        file.blocks.push_back(block.substr(4));
      }
    }
  }
  for (const Element& point : cue_points) {
    WebmFile::Cue cue;
    visit(visit, point, [&](const Element& x) {
      if (x.id == 0xB3) cue.time_ms = parser.Unsigned(x);
      if (x.id != 0xF1) return;
      for (const Element& e : parser.Children(segment)) {
        if (e.at != segment.data + parser.Unsigned(x) || e.id != 0x1F43B675) continue;
        cue.at_cluster = true;
        for (const Element& y : parser.Children(e)) {
          if (y.id == 0xE7) cue.cluster_time_ms = parser.Unsigned(y);
        }
      }
    });
    file.cues.push_back(cue);
  }
  return file;
}

}  // namespace deerbench
