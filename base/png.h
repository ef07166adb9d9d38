// PNG images in 8 bits a channel: reading (any PNG), writing to a file, encoding into memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace deerbench {

struct PngImage {
  int width = 0, height = 0;
  int channels = 4;             // 3: RGB, 4: RGBA
  std::vector<uint8_t> pixels;  // (height, width, channels), rows from the top
};

// Reads an image as `channels` (3 or 4) channels; alpha is dropped, or 255 where the file has none. Throws
// Error naming the file if it is missing, broken or larger than 8192 x 4096 pixels in all.
PngImage ReadPng(const std::filesystem::path& file, int channels);

// The same from memory; `name` is what errors call it.
PngImage DecodePng(std::span<const uint8_t> bytes, int channels, const std::string& name);

// `pixels` is (height, width, channels), channels 3 or 4. WritePng throws Error if the file cannot be
// written.
std::vector<uint8_t> EncodePng(int width, int height, int channels, std::span<const uint8_t> pixels);
void WritePng(const std::filesystem::path& file, int width, int height, int channels,
              std::span<const uint8_t> pixels);

}  // namespace deerbench
