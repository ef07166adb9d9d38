// Plain values to bytes and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace deerbench {

class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>& out) : out_(out) {}

  // Padding would make equal states unequal in bytes.
  template <typename T>
  void Write(const T& value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    const size_t end = out_.size();
    out_.resize(end + sizeof(T));
    std::memcpy(out_.data() + end, &value, sizeof(T));
  }

 private:
  std::vector<std::byte>& out_;
};

// Throws Error where the bytes end before the value, or are none of its type.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  T Read() {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    if constexpr (std::is_same_v<T, bool>) {
      static_assert(sizeof(bool) == 1);
      const auto flag = Read<uint8_t>();
      Require(flag <= 1, "contact cache does not belong to this scene (flag)");
      return flag == 1;
    } else {
      Require(bytes_.size() >= sizeof(T), "contact cache is truncated");
      T value;
      std::memcpy(&value, bytes_.data(), sizeof(T));
      bytes_ = bytes_.subspan(sizeof(T));
      return value;
    }
  }

  // A count or index in [0, limit).
  int ReadIndex(int limit) {
    const int value = Read<int>();
    Require(value >= 0 && value < limit, "contact cache does not belong to this scene (index out of range)");
    return value;
  }

  bool at_end() const { return bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace deerbench
