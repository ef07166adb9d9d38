// What a demonstration keeps beside its numbers: pictures, depth, touch, or whatever another recorder had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace deerbench {

enum class StoredType : uint8_t { kU8, kI64, kF32, kF64 };

size_t SizeOf(StoredType type);                 // bytes of a number
std::string_view NameOf(StoredType type);       // "uint8"
StoredType StoredTypeByName(std::string_view);  // throws Error if there is none of that name

// The two pictures that a policy sees.
inline constexpr const char* kStoredStatic = "obs/rgb_static";    // (., 200, 200, 3) uint8
inline constexpr const char* kStoredGripper = "obs/rgb_gripper";  // (., 84, 84, 3) uint8

struct StoredArray {
  std::string name;  // "obs/NAME": rows are steps, one more if it is known what was after the last step;
                     // "NAME": of any shape
  StoredType type = StoredType::kU8;
  std::vector<uint64_t> shape;   // of all of it
  std::vector<std::byte> bytes;  // row-major

  bool by_step() const { return name.starts_with("obs/"); }
};

// SHA-256 of an array's name, type, shape and bytes, as a file keeps it.
struct StoredDigest {
  std::string name;
  std::string sha256;  // 64 lower-case digits
};
StoredDigest DigestOf(const StoredArray& array);

// Throws Error naming the array and what is wrong with its name, shape or size. `steps`: T.
void Validate(const StoredArray& array, int steps);

}  // namespace deerbench
