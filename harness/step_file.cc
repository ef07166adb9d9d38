#include "harness/step_file.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/error.h"

namespace deerbench {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "DEERSTEP";
constexpr uint32_t kVersion = 1;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t steps;
  uint32_t state_version;
  uint32_t state_values;
};
static_assert(sizeof(Header) == 24);

// StepRecord is the row: it has no padding, so memory order is file order.
static_assert(sizeof(StepRecord) == 96 && offsetof(StepRecord, exit_layer) == 56 &&
              offsetof(StepRecord, llm_macs) == 64 && offsetof(StepRecord, llm_ms) == 80 &&
              offsetof(StepRecord, subtask) == 92);

}  // namespace

std::string EncodeSteps(const ChainRecord& record) {
  Header header{};
  std::memcpy(header.magic, kMagic.data(), kMagic.size());
  header.version = kVersion;
  header.steps = static_cast<uint32_t>(record.steps.size());
  header.state_version = record.final_state_version;
  header.state_values = static_cast<uint32_t>(record.final_state.size());
  std::string bytes;
  const auto append = [&](const void* data, size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  };
  append(&header, sizeof(header));
  append(record.steps.data(), record.steps.size() * sizeof(StepRecord));
  append(record.final_state.data(), record.final_state.size() * sizeof(double));
  return bytes;
}

void DecodeSteps(std::string_view bytes, ChainRecord& record) {
  Header header{};
  if (bytes.size() < sizeof(header))
    Fail(fmt::format("{} bytes, expected a header of {}", bytes.size(), sizeof(header)));
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::string_view(header.magic, sizeof(header.magic)) != kMagic) Fail("not a step file of deerbench");
  if (header.version != kVersion) Fail(fmt::format("version {}, expected {}", header.version, kVersion));
  const size_t step_bytes = size_t{header.steps} * sizeof(StepRecord);
  const size_t state_bytes = size_t{header.state_values} * sizeof(double);
  const size_t expected = sizeof(header) + step_bytes + state_bytes;
  if (bytes.size() != expected) Fail(fmt::format("{} bytes, expected {}", bytes.size(), expected));
  record.steps.resize(header.steps);
  std::memcpy(record.steps.data(), bytes.data() + sizeof(header), step_bytes);
  record.final_state.resize(header.state_values);
  std::memcpy(record.final_state.data(), bytes.data() + sizeof(header) + step_bytes, state_bytes);
  record.final_state_version = header.state_version;
}

}  // namespace deerbench
