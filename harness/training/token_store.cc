#include "harness/training/token_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "agent/safetensors.h"
#include "agent/training/step_threads.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/sha256.h"
#include "harness/training/color_jitter.h"
#include "harness/training/frame_store.h"
#include "harness/training/vision_stage.h"

namespace deerbench {
namespace {

constexpr int64_t kChunk = 128;       // frames drawn and encoded together
constexpr int64_t kSaveEvery = 4096;  // frames

int64_t NumbersOf(const AgentConfig& agent) {
  return int64_t{agent.vision.width} * (agent.vision.static_camera.slots + agent.vision.gripper_camera.slots);
}

}  // namespace

torch::Tensor JoinTokens(const CameraTokens& tokens) {
  return torch::cat({tokens.static_tokens.flatten(1), tokens.gripper_tokens.flatten(1)}, 1);
}

CameraTokens SplitTokens(const torch::Tensor& joined, const AgentConfig& agent) {
  const int64_t k = agent.vision.static_camera.slots, width = agent.vision.width;
  const torch::Tensor tokens = joined.view({joined.size(0), -1, width});
  return {tokens.narrow(1, 0, k), tokens.narrow(1, k, tokens.size(1) - k)};
}

TokenStore::TokenStore(const std::filesystem::path& path, const std::string& key, const AgentConfig& agent,
                       int64_t frames)
    : numbers_(NumbersOf(agent)), store_(path, key, 2 * numbers_, frames) {}

void TokenStore::Read(int64_t frame_of_file, at::Half* out) const {
  std::memcpy(static_cast<void*>(out), store_.record(frame_of_file), store_.record_bytes());
}

void TokenStore::Append(const torch::Tensor& tokens) {
  const torch::Tensor half = tokens.to(torch::kCPU, torch::kFloat16).contiguous();
  const int64_t begin = store_.filled();
  store_.Grow(begin + half.size(0));
  std::memcpy(store_.record(begin), half.data_ptr(), half.nbytes());
  store_.SetFilled(begin + half.size(0));
}

bool TokenStore::Fill(StageContext& context, const DemoSet& data, int file,
                      std::vector<AgentModel>& encoders) {
  if (complete()) return true;
  torch::NoGradGuard no_grad;
  FrameLoader loader(data.reader(file), context.Scenes(data.scenes()), data.LoaderOptions(context.threads));
  StepThreads threads(static_cast<int>(encoders.size()));
  torch::Tensor rgb_static =
      torch::empty({kChunk, FrameLoader::kStaticSize, FrameLoader::kStaticSize, 3}, torch::kUInt8);
  torch::Tensor rgb_gripper =
      torch::empty({kChunk, FrameLoader::kGripperSize, FrameLoader::kGripperSize, 3}, torch::kUInt8);
  int64_t done = store_.filled();
  context.monitor.Begin("tokens", "frames", static_cast<int>(store_.size()), static_cast<int>(done));
  std::vector<FrameRef> refs;
  while (done < store_.size() && !context.monitor.Stop()) {
    const int64_t n = std::min(kChunk, store_.size() - done);
    refs.clear();
    for (int64_t i = 0; i < n; ++i) refs.push_back(data.ref(file, done + i));
    loader.Load(refs, {rgb_static.data_ptr<uint8_t>(), rgb_gripper.data_ptr<uint8_t>(), nullptr, nullptr});
    if (const double jitter = context.recipe.cloning.color_jitter; jitter > 0) {
      for (int64_t i = 0; i < n; ++i) {
        const ColorJitter colors(jitter, SplitMix64(context.recipe.seed).Next() + refs[i].demo);
        for (const torch::Tensor& pictures : {rgb_static, rgb_gripper}) {
          const torch::Tensor picture = pictures[i];
          colors.Apply({picture.data_ptr<uint8_t>(), static_cast<size_t>(picture.numel())});
        }
      }
    }
    threads.Run([&](int thread) {
      torch::NoGradGuard none;
      const int64_t parts = threads.size(), begin = n * thread / parts, end = n * (thread + 1) / parts;
      if (begin == end) return;
      const auto part = [&](const torch::Tensor& x) {
        return x.narrow(0, begin, end - begin).to(context.device);
      };
      const torch::Tensor tokens =
          JoinTokens(encoders[thread]->EncodeTokens(part(rgb_static), part(rgb_gripper)));
      const torch::Tensor half = tokens.to(torch::kCPU, torch::kFloat16).contiguous();
      std::memcpy(store_.record(done + begin), half.data_ptr(), half.nbytes());
    });
    done += n;
    if (done - store_.filled() >= kSaveEvery || done == store_.size()) store_.SetFilled(done);
    context.monitor.Update(static_cast<int>(done), "");
  }
  if (done > store_.filled()) store_.SetFilled(done);
  return complete();
}

void LoadEncoder(const StageContext& context, AgentModel& model) {
  torch::NoGradGuard no_grad;
  const SafetensorsFile file(context.File(kVisionFile));
  for (auto& item : model->named_parameters())
    if (item.key().starts_with("vision_encoder.")) item.value().copy_(file.Get(item.key()));
}

std::unique_ptr<TokenStore> OpenTokenStore(const StageContext& context, const std::filesystem::path& demos,
                                           const std::string& source, int64_t frames) {
  if (!VisionDone(context)) {
    Fail(fmt::format("{}: missing, expected the pre-trained encoder (stage vision)",
                     context.File(kVisionFile).string()));
  }
  const std::string encoder = Sha256Hex(ReadFile(context.File(kVisionFile))).substr(0, 16);
  return std::make_unique<TokenStore>(
      context.File("tokens-" + demos.stem().string() + ".bin"),
      fmt::format("{} encoder {} jitter {}{}", source, encoder, context.recipe.cloning.color_jitter,
                  ViewKey(context.recipe.data.view_shift_m)),
      context.agent, frames);
}

TokenStores OpenTokens(const StageContext& context, const DemoSet& data) {
  TokenStores stores;
  for (int file = 0; file < data.files(); ++file) {
    const DemoReader& reader = *data.reader(file);
    stores.push_back(OpenTokenStore(context, reader.path(), SourceKey(reader), data.frames_of(file)));
  }
  return stores;
}

bool FillTokens(StageContext& context, const DemoSet& data, TokenStores& stores) {
  if (std::all_of(stores.begin(), stores.end(), [](const auto& store) { return store->complete(); }))
    return true;
  std::vector<AgentModel> encoders;
  for (int i = 0; i < (context.device.is_cpu() ? context.threads : 1); ++i) {
    encoders.emplace_back(context.agent);
    LoadEncoder(context, encoders.back());
    encoders.back()->to(context.device);
  }
  for (int file = 0; file < data.files(); ++file)
    if (!stores[file]->Fill(context, data, file, encoders)) return false;
  return true;
}

}  // namespace deerbench
