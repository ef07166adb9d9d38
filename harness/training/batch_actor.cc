#include "harness/training/batch_actor.h"

#include <algorithm>

#include "harness/training/token_store.h"

namespace deerbench {
namespace {

torch::Tensor Picture(const std::vector<uint8_t>& rgb, int64_t size) {
  return torch::from_blob(const_cast<uint8_t*>(rgb.data()), {1, size, size, 3}, torch::kUInt8);
}

}  // namespace

void Act(AgentModel& model, std::span<ActorRow*> rows) {
  if (rows.empty()) return;
  torch::NoGradGuard no_grad;
  const AgentConfig& config = model->config;
  const torch::Device device = model->parameters().front().device();
  const auto n = static_cast<int64_t>(rows.size());
  int64_t t = 0;
  for (const ActorRow* row : rows) t = std::max(t, static_cast<int64_t>(row->ids->size()));
  std::vector<torch::Tensor> static_pictures, gripper_pictures, h, c;
  torch::Tensor obs = torch::empty({n, 15});
  torch::Tensor ids = torch::full({n, t}, config.language.pad_token, torch::kInt64);
  torch::Tensor mask = torch::zeros({n, t}, torch::kInt64);
  const torch::Tensor zeros = torch::zeros({config.head.lstm_layers, 1, config.head.lstm_hidden});
  for (int64_t i = 0; i < n; ++i) {
    const Observation& seen = *rows[i]->observation;
    static_pictures.push_back(Picture(seen.rgb_static, seen.static_size));
    gripper_pictures.push_back(Picture(seen.rgb_gripper, seen.gripper_size));
    std::copy(seen.robot_obs.begin(), seen.robot_obs.end(), obs.data_ptr<float>() + i * 15);
    std::copy(rows[i]->ids->begin(), rows[i]->ids->end(), ids.data_ptr<int64_t>() + i * t);
    mask[i].slice(0, 0, static_cast<int64_t>(rows[i]->ids->size())).fill_(1);
    h.push_back(rows[i]->h.defined() ? rows[i]->h : zeros);
    c.push_back(rows[i]->c.defined() ? rows[i]->c : zeros);
  }
  // What training will see is what is kept: half precision.
  const torch::Tensor tokens = JoinTokens(model->EncodeTokens(torch::cat(static_pictures).to(device),
                                                              torch::cat(gripper_pictures).to(device)))
                                   .to(torch::kCPU, torch::kFloat16);
  ids = ids.to(device);
  mask = mask.to(device);
  const torch::Tensor media =
      model->Media(SplitTokens(tokens.to(device, torch::kFloat32), config), obs.to(device));
  const std::vector<int> exits = config.ExitLayers();
  int deepest = 0;
  for (const ActorRow* row : rows) deepest = std::max(deepest, row->exit);
  const auto hidden = model->HiddenStates(ids, mask, media, exits[deepest] + 1);
  std::vector<torch::Tensor> pooled;
  for (int64_t i = 0; i < n; ++i)
    pooled.push_back(model->Pool(hidden[exits[rows[i]->exit]].narrow(0, i, 1), mask.narrow(0, i, 1)));
  HeadState state = {torch::cat(h, 1).to(device), torch::cat(c, 1).to(device)};
  const HeadOutput output = model->extra_exit->Run(torch::cat(pooled).unsqueeze(1), state);
  const torch::Tensor pose = output.pose.to(torch::kCPU, torch::kFloat16).to(torch::kFloat64).contiguous();
  const torch::Tensor gripper = output.gripper_logit.to(torch::kCPU).contiguous();
  state = {state.h.to(torch::kCPU), state.c.to(torch::kCPU)};
  for (int64_t i = 0; i < n; ++i) {
    ActorRow& row = *rows[i];
    std::copy_n(pose.data_ptr<double>() + i * 6, 6, row.action.begin());
    row.action[6] = gripper.data_ptr<float>()[i] > 0 ? 1 : -1;
    row.h = state.h.narrow(1, i, 1).clone();
    row.c = state.c.narrow(1, i, 1).clone();
    row.tokens = tokens.narrow(0, i, 1).clone();
  }
}

}  // namespace deerbench
