#include "tests/support/npz.h"

#include <zlib.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/error.h"

namespace deerbench::test {
namespace {

uint64_t ReadLittle(const std::vector<uint8_t>& data, size_t offset, int width) {
  Require(offset + width <= data.size(), "npz: archive is truncated");
  uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) value = value << 8 | data[offset + i];
  return value;
}

std::vector<uint8_t> Inflate(const uint8_t* data, size_t size, size_t out_size) {
  std::vector<uint8_t> out(out_size);
  z_stream stream{};
  Require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "npz: zlib could not start");
  stream.next_in = const_cast<uint8_t*>(data);
  stream.avail_in = static_cast<uInt>(size);
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out_size);
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  Require(result == Z_STREAM_END, "npz: entry does not inflate");
  return out;
}

std::string Between(const std::string& text, const std::string& from, const std::string& to) {
  const size_t begin = text.find(from);
  Require(begin != std::string::npos, "npz: array header lacks " + from);
  const size_t start = begin + from.size();
  return text.substr(start, text.find(to, start) - start);
}

// The elements of an array whose first index runs fastest, so that the last one does.
std::vector<uint8_t> FromFortran(const NpyArray& array) {
  const size_t count = static_cast<size_t>(array.size()), width = count ? array.bytes.size() / count : 0;
  std::vector<uint8_t> out;
  for (size_t i = 0; i < count; ++i) {
    size_t rest = i, from = 0;
    for (size_t axis = array.shape.size(); axis-- > 0;) {
      size_t stride = 1;
      for (size_t before = 0; before < axis; ++before) stride *= static_cast<size_t>(array.shape[before]);
      from += rest % static_cast<size_t>(array.shape[axis]) * stride;
      rest /= static_cast<size_t>(array.shape[axis]);
    }
    out.insert(out.end(), array.bytes.begin() + from * width, array.bytes.begin() + (from + 1) * width);
  }
  return out;
}

NpyArray ParseNpy(const std::vector<uint8_t>& data) {
  Require(data.size() > 10 && std::memcmp(data.data(), "\x93NUMPY", 6) == 0,
          "npz: entry is not an .npy array");
  const int length_width = data[6] >= 2 ? 4 : 2;
  const size_t header_size = ReadLittle(data, 8, length_width), body = 8 + length_width + header_size;
  const std::string header(data.begin() + 8 + length_width, data.begin() + body);
  NpyArray array;
  array.dtype = Between(header, "'descr': '", "'").substr(1);
  const std::string shape = Between(header, "'shape': (", ")");
  for (size_t at = 0; at < shape.size();) {
    size_t used = 0;
    if (shape[at] < '0' || shape[at] > '9') {
      ++at;
      continue;
    }
    array.shape.push_back(std::stoll(shape.substr(at), &used));
    at += used;
  }
  array.bytes.assign(data.begin() + body, data.end());
  if (Between(header, "'fortran_order': ", ",") == "True") array.bytes = FromFortran(array);
  return array;
}

double HalfToDouble(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double sign = half & 0x8000 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

template <class T>
std::vector<double> Widen(const std::vector<uint8_t>& bytes) {
  std::vector<double> out(bytes.size() / sizeof(T));
  for (size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<double>(value);
  }
  return out;
}

}  // namespace

int64_t NpyArray::size() const {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

std::vector<double> NpyArray::doubles() const {
  if (dtype == "f8") return Widen<double>(bytes);
  if (dtype == "f4") return Widen<float>(bytes);
  if (dtype == "i8") return Widen<int64_t>(bytes);
  if (dtype == "i4") return Widen<int32_t>(bytes);
  if (dtype == "i2") return Widen<int16_t>(bytes);
  if (dtype == "i1") return Widen<int8_t>(bytes);
  if (dtype == "u1" || dtype == "b1") return Widen<uint8_t>(bytes);
  if (dtype == "f2") {
    std::vector<double> out = Widen<uint16_t>(bytes);
    for (double& value : out) value = HalfToDouble(static_cast<uint16_t>(value));
    return out;
  }
  Fail("npz: array of type " + dtype + " is not numeric");
}

std::vector<float> NpyArray::floats() const {
  const std::vector<double> wide = doubles();
  return {wide.begin(), wide.end()};
}

std::vector<int64_t> NpyArray::ints() const {
  const std::vector<double> wide = doubles();
  return {wide.begin(), wide.end()};
}

Npz ReadNpz(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Require(file.good(), "npz: cannot open " + path.string());
  const std::vector<uint8_t> data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // The central directory holds the sizes: NumPy streams entries and leaves them out of the local headers.
  size_t end = data.size() < 22 ? 0 : data.size() - 22;
  while (end > 0 && ReadLittle(data, end, 4) != 0x06054b50) --end;
  Require(end > 0, "npz: " + path.string() + " has no zip directory");
  size_t at = ReadLittle(data, end + 16, 4);
  Npz arrays;
  for (uint64_t i = 0; i < ReadLittle(data, end + 10, 2); ++i) {
    Require(ReadLittle(data, at, 4) == 0x02014b50, "npz: zip directory is broken");
    const uint64_t method = ReadLittle(data, at + 10, 2), packed = ReadLittle(data, at + 20, 4);
    const uint64_t size = ReadLittle(data, at + 24, 4), name_size = ReadLittle(data, at + 28, 2);
    const uint64_t local = ReadLittle(data, at + 42, 4);
    std::string name(data.begin() + at + 46, data.begin() + at + 46 + name_size);
    const size_t start = local + 30 + ReadLittle(data, local + 26, 2) + ReadLittle(data, local + 28, 2);
    Require(start + packed <= data.size(), "npz: entry " + name + " is truncated");
    std::vector<uint8_t> body = method == 0
                                    ? std::vector<uint8_t>(data.begin() + start, data.begin() + start + size)
                                    : Inflate(data.data() + start, packed, size);
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays.emplace(name, ParseNpy(body));
    at += 46 + name_size + ReadLittle(data, at + 30, 2) + ReadLittle(data, at + 32, 2);
  }
  return arrays;
}

}  // namespace deerbench::test
