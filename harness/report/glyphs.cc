#include "harness/report/glyphs.h"

#include <array>

namespace deerbench {
namespace {

// A stroke is a list of points, two base-36 digits each: x, y. It is a polyline; after '~' it is the control
// polygon of a quadratic B-spline (tangent to each edge at its middle, a doubled point makes a corner, equal
// ends close it); after '.' it is a dot. The first character is the glyph's width.
struct Entry {
  uint32_t code;
  std::string_view strokes;
};

constexpr Entry kFont[] = {
    {'A', "a 0e50ae 2a8a"},
    {'B', "8 000e ~004070774707 ~0747878e4e0e"},
    {'C', "9 ~9480000e8e9a"},
    {'D', "9 000e ~0040909e4e0e"},
    {'E', "7 70000e7e 0767"},
    {'F', "7 70000e 0767"},
    {'G', "9 ~9480000e9e9a97 5797"},
    {'H', "9 000e 909e 0797"},
    {'I', "2 101e"},
    {'J', "6 ~60696e0e0a"},
    {'K', "8 000e 8009 368e"},
    {'L', "7 000e7e"},
    {'M', "a 0e0059a0ae"},
    {'N', "9 0e009e90"},
    {'O', "a ~00a0ae0e00"},
    {'P', "8 000e ~004080884808"},
    {'Q', "a ~00a0ae0e00 6aag"},
    {'R', "8 000e ~004080884808 488e"},
    {'S', "8 ~83800007878e0e0b"},
    {'T', "8 0080 404e"},
    {'U', "9 ~00080e9e9890"},
    {'V', "a 005ea0"},
    {'W', "c 003e619ec0"},
    {'X', "8 008e 800e"},
    {'Y', "8 004780 474e"},
    {'Z', "8 00800e8e"},
    {'a', "7 ~04747e0e04 747e"},
    {'b', "7 000e ~04747e0e04"},
    {'c', "7 ~7664040e6e7c"},
    {'d', "7 707e ~04747e0e04"},
    {'e', "7 ~09797974040e6e7c"},
    {'f', "5 ~5020252e 0454"},
    {'g', "7 ~04747e0e04 ~747e7i1i0h"},
    {'h', "7 000e ~080474787e"},
    {'i', "2 141e .10"},
    {'j', "3 ~242f2i0i .20"},
    {'k', "7 000e 740a 387e"},
    {'l', "3 ~101b1e3e"},
    {'m', "c 040e ~080464686e ~6864c4c8ce"},
    {'n', "7 040e ~080474787e"},
    {'o', "7 ~04747e0e04"},
    {'p', "7 040i ~04747e0e04"},
    {'q', "7 747i ~04747e0e04"},
    {'r', "5 040e ~090454"},
    {'s', "6 ~67640409696e0e0b"},
    {'t', "5 ~202b2e5e 0454"},
    {'u', "7 ~040a0e7e7a74 747e"},
    {'v', "6 043e64"},
    {'w', "a 043e567ea4"},
    {'x', "7 047e 740e"},
    {'y', "7 742i 044d"},
    {'z', "7 04740e7e"},
    {'0', "8 ~00808e0e00"},
    {'1', "8 23505e"},
    {'2', "8 ~030080860e0e8e"},
    {'3', "8 ~0300707737 ~37878e0e0b"},
    {'4', "8 6e600a8a"},
    {'5', "8 701006 ~0645858e0e0b"},
    {'6', "8 ~60030a ~05858e0e05"},
    {'7', "8 00803e"},
    {'8', "8 ~1070771710 ~07878e0e07"},
    {'9', "8 ~0080890900 ~848b2e"},
    {'.', "2 .1e"},
    {',', "2 1e0h"},
    {':', "2 .16 .1e"},
    {';', "2 .16 1e0h"},
    {'!', "2 1019 .1e"},
    {'?', "7 ~03007076373a .3e"},
    {'-', "5 0959"},
    {'_', "8 0f8f"},
    {'+', "8 0989 454d"},
    {'=', "8 0787 0b8b"},
    {'/', "6 600g"},
    {'\\', "6 006g"},
    {'(', "3 ~30040c3g"},
    {')', "3 ~00343c0g"},
    {'[', "3 30000g3g"},
    {']', "3 00303g0g"},
    {'{', "4 ~40202608082a2g4g"},
    {'}', "4 ~00202648482a2g0g"},
    {'<', "7 73097f"},
    {'>', "7 03790f"},
    {'\'', "2 1013"},
    {'"', "4 1013 3033"},
    {'`', "2 0022"},
    {'*', "6 3137 0266 0662"},
    {'#', "a 302e 807e 05a5 09a9"},
    {'%', "b ~0040460600 ~78b8be7e78 a01e"},
    {'&', "a ~ae2320708404090e8ea8"},
    {'@', "e ~ce0e00e0ebaba5 ~55a5ab5b55"},
    {'$', "8 ~83800007878e0e0b 404e"},
    {'^', "7 033073"},
    {'|', "2 101g"},
    {'~', "8 ~0a074b8b88"},
    {0xB0, "4 ~0040440400"},     // degree
    {0xB1, "8 0787 434b 0e8e"},  // plus-minus
    {0xB7, "2 .18"},             // middle dot
    {0xD7, "7 157c 751c"},       // times
    {0x2013, "7 0979"},          // en dash
    {0x2014, "c 09c9"},          // em dash
    {0x2018, "2 1013"},          // quotation marks
    {0x2019, "2 1013"},
    {0x201C, "4 1013 3033"},
    {0x201D, "4 1013 3033"},
    {0x2026, "a .1e .5e .9e"},  // ellipsis
    {0x2192, "c 09c9 85c98d"},  // arrow to the right
    {0x2713, "b 095eb2"},       // check mark
    {0x2717, "a 03ad a30d"},    // ballot cross
};

constexpr std::string_view kBox = "7 00707e0e00";

double Digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

GlyphPoint Middle(const GlyphPoint& a, const GlyphPoint& b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }

std::vector<GlyphPoint> Spline(const std::vector<GlyphPoint>& control) {
  constexpr int kPieces = 6;  // of a curve between two edges: finer than a pixel at the sizes in use
  const size_t n = control.size();
  const bool closed = control.front().x == control.back().x && control.front().y == control.back().y;
  std::vector<GlyphPoint> out;
  if (!closed) out.push_back(control.front());
  for (size_t i = closed ? 0 : 1; i + 1 < n; ++i) {
    const GlyphPoint& before = i == 0 ? control[n - 2] : control[i - 1];
    const GlyphPoint a = Middle(before, control[i]);
    const GlyphPoint b = Middle(control[i], control[i + 1]);
    for (int k = 0; k <= kPieces; ++k) {
      const double t = static_cast<double>(k) / kPieces;
      const double s = 1 - t;
      out.push_back({s * s * a.x + 2 * s * t * control[i].x + t * t * b.x,
                     s * s * a.y + 2 * s * t * control[i].y + t * t * b.y});
    }
  }
  out.push_back(closed ? out.front() : control.back());
  return out;
}

Glyph Parse(std::string_view text) {
  Glyph glyph;
  glyph.width = Digit(text[0]);
  size_t at = 1;
  while (at < text.size()) {
    ++at;  // the space
    const char kind = text[at];
    if (kind == '~' || kind == '.') ++at;
    std::vector<GlyphPoint> points;
    for (; at < text.size() && text[at] != ' '; at += 2)
      points.push_back({Digit(text[at]), Digit(text[at + 1])});
    glyph.strokes.push_back(kind == '~' ? Spline(points) : points);
  }
  return glyph;
}

}  // namespace

Glyph GlyphOf(uint32_t code) {
  if (code == ' ') return {5, {}};
  for (const Entry& entry : kFont) {
    if (entry.code == code) return Parse(entry.strokes);
  }
  return Parse(kBox);
}

}  // namespace deerbench
