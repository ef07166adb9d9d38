// The readers of checkpoints: tensor files, their index, config, tokenizer and metadata. An input's first
// byte says which.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/checkpoint_folder.h"
#include "agent/prompt.h"
#include "agent/tensor_file.h"
#include "base/error.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Write(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A tensor file of a header's text and some bytes behind it.
std::string TensorBytes(std::string_view header, size_t body) {
  uint64_t size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  bytes += header;
  bytes.append(body, '\x01');
  return bytes;
}

constexpr std::string_view kHeader =
    R"({"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"U8","shape":[],"data_offsets":[32,33]},)"
    R"("d":{"dtype":"I64","shape":[0,5],"data_offsets":[33,33]}})";
constexpr size_t kBody = 33;

uint64_t seen = 0;  // what the tensors hold goes somewhere

// Every byte that the header promises is touched.
void ReadTensors(const fs::path& file) {
  const TensorFile tensors(file);
  for (const auto& [name, entry] : tensors.entries()) {
    if (entry.bytes > tensors.file_bytes()) std::abort();
    for (uint64_t i = 0; i < entry.bytes; ++i) seen += entry.data[i];
  }
}

void ReadTokenizer(std::string_view text) {
  const Tokenizer tokenizer = Tokenizer::FromJson(text, "tokenizer.json");
  LanguageConfig language;
  const std::vector<int> ids = tokenizer.Encode(
      "<image>push the  red block to\tthe left\n\xc3\xa9\xcc\x81 \xf0\x9f\x98\x80<|endofchunk|>");
  tokenizer.Decode(ids);
  FitToTokenizer(tokenizer, language);
  CheckTokenizer(tokenizer, language);
}

void Load(int format, std::string_view bytes) {
  static const TemporaryFolder folder;
  static const fs::path whole = folder.path() / "whole.safetensors", index = folder.path() / "index.json",
                        checkpoint = folder.path() / "checkpoint";
  switch (format) {
    case 0:
      Write(whole, bytes);
      ReadTensors(whole);
      break;
    case 1:  // the length in front always fits
      Write(whole, TensorBytes(bytes, kBody));
      ReadTensors(whole);
      break;
    case 2:
      Write(folder.path() / "part.safetensors", TensorBytes(kHeader, kBody));
      Write(index, bytes);
      ReadTensors(index);
      break;
    case 3:
      ReadTokenizer(bytes);
      break;
    default: {  // config and metadata as files of a checkpoint that is otherwise good
      static const bool is_there = [] {
        fs::create_directories(checkpoint);
        for (const char* name : {"config.json", "metadata.json", "tokenizer.json"})
          fs::copy_file(fs::path(std::getenv("DEERBENCH_CHECKPOINT")) / name, checkpoint / name);
        Write(checkpoint / "model.safetensors", TensorBytes(kHeader, kBody));
        return true;
      }();
      const fs::path file = checkpoint / (format == 4 ? "config.json" : "metadata.json");
      const std::string good = is_there ? ReadAll(file) : "";
      Write(file, bytes);
      try {
        OpenCheckpoint(checkpoint).config.ExitLayers();
      } catch (...) {
        Write(file, good);
        throw;
      }
      Write(file, good);
    }
  }
}

}  // namespace

namespace fuzz {

std::vector<std::string> Seeds() {
  const char* folder = std::getenv("DEERBENCH_CHECKPOINT");
  if (folder == nullptr) Fail("DEERBENCH_CHECKPOINT is not set, expected a checkpoint's folder");
  std::vector<std::string> seeds;
  seeds.push_back("0" + TensorBytes(kHeader, kBody));
  seeds.push_back("1" + std::string(kHeader));
  seeds.push_back(
      R"(2{"metadata":{"total_size":33},"weight_map":{"a.weight":"part.safetensors","b":"part.safetensors",)"
      R"("c":"part.safetensors","d":"part.safetensors"}})");
  // The vocabulary of single bytes and a few merges: the whole one would hide the rest.
  auto tokenizer = nlohmann::json::parse(ReadAll(fs::path(folder) / "tokenizer.json"));
  seeds.push_back("3" + tokenizer.dump());
  auto& merges = tokenizer["model"]["merges"];
  merges.erase(merges.begin() + 10, merges.end());
  auto& vocab = tokenizer["model"]["vocab"];
  for (auto it = vocab.begin(); it != vocab.end();)
    it = it.key().size() > 3 && it.value() > 266 ? vocab.erase(it) : std::next(it);
  tokenizer["normalizer"] = {{"type", "NFC"}};
  tokenizer["added_tokens"].push_back({{"id", 2000}, {"content", "red"}, {"lstrip", true}, {"rstrip", true}});
  seeds.push_back("3" + tokenizer.dump());
  seeds.push_back("4" + nlohmann::json::parse(ReadAll(fs::path(folder) / "config.json")).dump());
  for (const char* preset : {"nano", "3b"}) seeds.push_back("4" + ToJson(PresetConfig(preset)).dump());
  seeds.push_back(
      R"(5{"name":"x","train_scenes":["A","D"],"env_version":"v0","data":{"demos":[1,2.5,null]}})");
  return seeds;
}

std::vector<std::string> Dictionary() {
  return {"\"dtype\":\"F64\"",
          "\"F16\"",
          "\"BOOL\"",
          "\"shape\":[4294967296,4294967296]",
          "\"shape\":[-1]",
          "\"data_offsets\":[0,8]",
          "\"data_offsets\":[8,0]",
          "\"data_offsets\":[0,18446744073709551615]",
          "\"__metadata__\":",
          "\"weight_map\":",
          "\"../part.safetensors\"",
          "\"index.json\"",
          "\"part.safetensors\"",
          "null",
          "true",
          "false",
          "{}",
          "[]",
          "\"\"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"id\":16777215",
          "\"content\":\"\"",
          "\"special\":true",
          "\"normalized\":false",
          "\"single_word\":true",
          "\"lstrip\":true",
          "\"rstrip\":true",
          "\"ignore_merges\":true",
          "\"use_regex\":false",
          "\"kind\":\"conv\"",
          "\"kind\":\"clip\"",
          ",",
          ":",
          "\xff",
          "\xc3"};
}

size_t AllocationLimit(size_t input_bytes) {
  // "0," is two bytes of a file and 16 of a parsed, growing list twice over; files written beside are small.
  return (size_t{1} << 18) + 32 * input_bytes;
}

}  // namespace fuzz
}  // namespace deerbench

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    deerbench::Load(data[0] % 8 % 6, {reinterpret_cast<const char*>(data) + 1, size - 1});
  } catch (const deerbench::Error&) {
    // As it should be.
  }
  return 0;
}
