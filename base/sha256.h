// SHA-256 (FIPS 180-4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace deerbench {

class Sha256 {
 public:
  Sha256();
  void Update(std::span<const std::byte> bytes);
  void Update(std::string_view text) { Update(std::as_bytes(std::span(text.data(), text.size()))); }

  // Digest of all bytes so far; more may follow.
  std::array<uint8_t, 32> Digest() const;
  std::string HexDigest() const;

 private:
  void Block(const uint8_t* block);

  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> pending_{};
  uint64_t length_ = 0;  // bytes
};

// 64 lower-case digits.
std::string Sha256Hex(std::string_view bytes);

// Two lower-case digits a byte, appended to `out`.
void AppendHex(std::span<const std::byte> bytes, std::string& out);

}  // namespace deerbench
