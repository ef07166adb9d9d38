// Checkpoint files that are broken or hostile: one clear error, and no more memory than the file is large.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/json_text.h"
#include "agent/tensor_file.h"
#include "agent/tokenizer.h"
#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

std::string Refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

// Opens a file of this header and 32 bytes of tensors.
std::string OpenHeader(const std::string& header, uint64_t claimed_length) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &claimed_length, 8);
  std::ofstream(path, std::ios::binary) << bytes << header << std::string(32, 'x');
  return Refusal([&] { TensorFile{path}; });
}
std::string OpenHeader(const std::string& header) { return OpenHeader(header, header.size()); }

std::string Tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST_CASE("A tensor that is not where its header says is refused by name") {
  using Catch::Contains;
  const auto open = [](const std::string& tensor) { return OpenHeader(R"({"w":)" + tensor + "}"); };
  CHECK(open(Tensor("F32", "[2,4]", "[0,32]")) == "accepted");
  CHECK_THAT(open(Tensor("F32", "[2,4]", "[8,40]")), Contains("tensor 'w' lies at bytes 8 to 40"));
  CHECK_THAT(open(Tensor("F32", "[2,4]", "[32,0]")), Contains("tensor 'w' lies at bytes 32 to 0"));
  CHECK_THAT(open(Tensor("F32", "[2,4]", "[0,18446744073709551615]")), Contains("tensor 'w'"));
  CHECK_THAT(open(Tensor("F32", "[2,4]", "[-8,24]")), Contains("tensor 'w' has data_offsets"));
  CHECK_THAT(open(Tensor("F16", "[2,4]", "[0,32]")),
             Contains("'w' has 32 bytes, its shape and dtype need 16"));
  CHECK_THAT(open(Tensor("F31", "[2,4]", "[0,32]")), Contains("tensor 'w' has unknown dtype 'F31'"));
  CHECK_THAT(open(Tensor("F32", "[4294967296,4294967296]", "[0,0]")), Contains("tensor 'w' has 0 bytes"));
  CHECK(open(Tensor("F32", "[3,0,4]", "[0,0]")) == "accepted");
  for (const char* shape :
       {"[9223372036854775808,3,0]", "[0,9223372036854775808]", "[4294967296,4294967296,0]",
        "[0,4294967296,4294967296]", "[18446744073709551615,0]"})
    CHECK_THAT(open(Tensor("F32", shape, "[0,0]")), Contains("tensor 'w' has 0 bytes"));
  CHECK_THAT(open(Tensor("F32", "[2,-4]", "[0,32]")), Contains("tensor 'w' has shape"));
  CHECK_THAT(OpenHeader(R"({"a":)" + Tensor("U8", "[20]", "[0,20]") + R"(,"b":)" +
                        Tensor("U8", "[20]", "[12,32]") + "}"),
             Contains("tensors 'a' and 'b' overlap"));
}

TEST_CASE("A header that is none is refused") {
  using Catch::Contains;
  CHECK_THAT(OpenHeader("{}", 1000), Contains("header length is 1000, the file has 34 bytes"));
  CHECK_THAT(OpenHeader("{}", UINT64_MAX), Contains("header length is 18446744073709551615"));
  CHECK_THAT(OpenHeader("[]"), Contains("not a JSON object"));
  CHECK_THAT(OpenHeader("{\"a\":"), Contains("not a JSON object"));
}

TEST_CASE("JSON that is nested too deep to be walked is refused, wherever it stands") {
  using Catch::Contains;
  const std::string deep = std::string(2'000'000, '[') + std::string(2'000'000, ']');
  CHECK(ParseJson(deep).is_discarded());
  CHECK_THAT(OpenHeader(R"({"w":{"dtype":"F32","shape":)" + deep + R"(,"data_offsets":[0,0]}})"),
             Contains("not a JSON object"));
  CHECK_THAT(Refusal([&] { Tokenizer::FromJson(R"({"model":)" + deep + "}", "tokenizer.json"); }),
             Contains("tokenizer.json: not a JSON object"));
  const std::string shallow = std::string(50, '[') + std::string(50, ']');
  CHECK(ParseJson(shallow).is_array());
}

TEST_CASE("A long value is shown by its beginning, cut between characters") {
  const std::string text = Shown(nlohmann::json(std::string(118, 'a') + "\xc3\xa9\xc3\xa9"));
  CHECK(text == "\"" + std::string(118, 'a') + "...");
  CHECK(Shown(nlohmann::json({1, 2})) == "[1,2]");
}

TEST_CASE("Token ids may be far apart without taking memory for those between") {
  const std::string json =
      R"({"pre_tokenizer":{"type":"ByteLevel"},"model":{"type":"BPE","merges":[],"vocab":{"a":0,"b":16777215}}})";
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const Tokenizer tokenizer = Tokenizer::FromJson(json, "tokenizer.json");
  getrusage(RUSAGE_SELF, &after);
  CHECK(tokenizer.vocab_size() == 16777216);
  CHECK(tokenizer.Decode(std::vector<int>{16777215, 0}) == "ba");
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);  // KiB
  CHECK_THROWS_AS(tokenizer.Decode(std::vector<int>{5}), Error);
}

}  // namespace
}  // namespace deerbench
