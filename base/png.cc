#include "base/png.h"

#include <fmt/format.h>
#include <png.h>

#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

constexpr uint64_t kMaxPixels = 8192ull * 4096;
constexpr uint64_t kMaxFileBytes = 256ull << 20;

// libpng's simplified interface keeps what it allocated until it is freed.
struct PngHandle {
  png_image image{};
  PngHandle() { image.version = PNG_IMAGE_VERSION; }
  ~PngHandle() { png_image_free(&image); }
  PngHandle(const PngHandle&) = delete;
  PngHandle& operator=(const PngHandle&) = delete;
};

void RequireChannels(int channels) {
  if (channels != 3 && channels != 4) Fail(fmt::format("png: {} channels, expected 3 or 4", channels));
}

}  // namespace

PngImage DecodePng(std::span<const uint8_t> bytes, int channels, const std::string& name) {
  RequireChannels(channels);
  PngHandle png;
  if (!png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size()))
    Fail(fmt::format("{}: not a readable PNG image ({})", name, png.image.message));
  const uint64_t num_pixels = uint64_t{png.image.width} * png.image.height;
  if (num_pixels == 0 || num_pixels > kMaxPixels)
    Fail(fmt::format("{}: image of {} x {} pixels, expected 1 to {} in all", name, png.image.width,
                     png.image.height, kMaxPixels));
  // Always read as RGBA: asked for RGB, libpng would blend transparent pixels over a background.
  png.image.format = PNG_FORMAT_RGBA;
  std::vector<uint8_t> rgba(num_pixels * 4);
  if (!png_image_finish_read(&png.image, nullptr, rgba.data(), 0, nullptr))
    Fail(fmt::format("{}: broken PNG image ({})", name, png.image.message));
  PngImage out{static_cast<int>(png.image.width), static_cast<int>(png.image.height), channels, {}};
  if (channels == 4) {
    out.pixels = std::move(rgba);
    return out;
  }
  out.pixels.resize(num_pixels * 3);
  for (size_t i = 0; i < num_pixels; ++i) std::memcpy(&out.pixels[3 * i], &rgba[4 * i], 3);
  return out;
}

PngImage ReadPng(const std::filesystem::path& file, int channels) {
  const std::string bytes = ReadFile(file, kMaxFileBytes);
  return DecodePng({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, channels, file.string());
}

std::vector<uint8_t> EncodePng(int width, int height, int channels, std::span<const uint8_t> pixels) {
  RequireChannels(channels);
  if (width < 1 || height < 1 ||
      pixels.size() != static_cast<size_t>(width) * static_cast<size_t>(height) * channels)
    Fail(fmt::format("png: {} bytes for an image of {} x {} x {}", pixels.size(), width, height, channels));
  PngHandle png;
  png.image.width = static_cast<png_uint_32>(width);
  png.image.height = static_cast<png_uint_32>(height);
  png.image.format = channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  // To ask the library for the size would have it compress twice.
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png.image);
  std::vector<uint8_t> out(size);
  if (!png_image_write_to_memory(&png.image, out.data(), &size, 0, pixels.data(), 0, nullptr))
    Fail(fmt::format("png: cannot encode an image of {} x {} ({})", width, height, png.image.message));
  out.resize(size);
  return out;
}

void WritePng(const std::filesystem::path& file, int width, int height, int channels,
              std::span<const uint8_t> pixels) {
  const std::vector<uint8_t> bytes = EncodePng(width, height, channels, pixels);
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) Fail(fmt::format("{}: cannot write the image, expected a writable folder", file.string()));
}

}  // namespace deerbench
