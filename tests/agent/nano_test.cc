// The small agent: what its own parts compute, and what must not matter to it.
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "agent/agent_model.h"
#include "agent/initialise.h"
#include "agent/preprocess.h"
#include "agent/training/cloning.h"
#include "base/error.h"

namespace deerbench {
namespace {

AgentModel FreshNano(const AgentParts& parts = {}) {
  torch::manual_seed(1);
  AgentModel model(PresetConfig("nano"), parts);
  InitialiseForTraining(model);
  model->eval();
  return model;
}

torch::Tensor Bytes(at::IntArrayRef shape) {
  return torch::randint(0, 256, shape, torch::TensorOptions(torch::kUInt8));
}

double MaxError(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_CASE("Pictures are halved by block means and normalised") {
  VisionConfig config = PresetConfig("nano").vision;
  torch::Tensor pictures = torch::zeros({2, 4, 4, 3}, torch::kUInt8);
  pictures[1][2][3][2] = 255;
  pictures[1][3][3][2] = 255;
  const torch::Tensor x = HalveAndNormalise(pictures, 2, config);
  CHECK(x.sizes() == at::IntArrayRef({2, 3, 2, 2}));
  CHECK(x[1][2][1][1].item<float>() == Approx((0.5 - 0.5) / 0.25).margin(1e-6));
  CHECK(x[1][2][0][1].item<float>() == Approx(-2));
  CHECK_THROWS_WITH(HalveAndNormalise(pictures, 4, config),
                    "pictures are Byte of shape (2, 4, 4, 3), expected uint8 of shape (N, 8, 8, 3)");
  CHECK_THROWS_AS(HalveAndNormalise(pictures.to(torch::kFloat32), 2, config), Error);
}

TEST_CASE("A slot reports where its attention lies") {
  torch::NoGradGuard no_grad;
  ConvCameraConfig config{.input_size = 5, .layers = {{.channels = 1, .kernel = 1, .stride = 1}}, .slots = 1};
  ConvCameraEncoder camera(config, 3);
  camera->convolutions[0]->weight.fill_(1.0 / 3);
  camera->convolutions[0]->bias.zero_();
  camera->attention->weight.fill_(200);
  camera->attention->bias.zero_();
  camera->slot_weight.copy_(torch::eye(3).unsqueeze(0));
  torch::Tensor image = torch::zeros({1, 3, 5, 5});
  image.index_put_({0, torch::indexing::Slice(), 1, 4}, 1.0);  // row 1, last column
  const torch::Tensor token = camera(image).flatten();
  CHECK(token[0].item<float>() == Approx(1));     // the feature there
  CHECK(token[1].item<float>() == Approx(1));     // x
  CHECK(token[2].item<float>() == Approx(-0.5));  // y
}

TEST_CASE("Angles of the state are measured the short way round") {
  StateConfig config = PresetConfig("nano").state;
  StateEncoder encoder(config, 8);
  torch::Tensor obs = torch::zeros({2, 15});
  obs[0][3] = std::numbers::pi - 0.1;
  obs[1][3] = -std::numbers::pi + 0.1;
  obs[1][7] = config.mean[7] + config.scale[7];
  const torch::Tensor x = encoder->Normalise(obs);
  CHECK(x[0][3].item<float>() == Approx(-0.1 / config.scale[3]).epsilon(1e-4));
  CHECK(x[1][3].item<float>() == Approx(0.1 / config.scale[3]).epsilon(1e-4));
  CHECK(x[1][7].item<float>() == Approx(1));
}

TEST_CASE("The small agent turns pictures, a sentence and a state into hidden states of every layer") {
  torch::NoGradGuard no_grad;
  AgentModel model = FreshNano();
  const AgentConfig& config = model->config;
  const CameraTokens tokens = model->EncodeTokens(Bytes({3, 200, 200, 3}), Bytes({3, 84, 84, 3}));
  CHECK(tokens.static_tokens.sizes() == at::IntArrayRef({3, 16, 64}));
  CHECK(tokens.gripper_tokens.sizes() == at::IntArrayRef({3, 8, 64}));
  const torch::Tensor media = model->Media(tokens, torch::rand({3, 15}));
  CHECK(media.sizes() == at::IntArrayRef({3, config.MediaTokens(), 64}));
  torch::Tensor ids = torch::randint(1, 500, {3, 9});
  ids.select(1, 0).fill_(config.language.media_token);
  const auto hidden = model->HiddenStates(ids, torch::ones_like(ids), media);
  REQUIRE(hidden.size() == 12);
  // Training starts from features of moderate size at every depth.
  for (const torch::Tensor& x : hidden) {
    const double size = x.square().mean().sqrt().item<double>();
    CHECK(size > 0.3);
    CHECK(size < 3);
  }
  const HeadOutput out =
      model->extra_exit->RunWindow(model->Pool(hidden[3], torch::ones_like(ids)).unsqueeze(1));
  CHECK(out.pose.sizes() == at::IntArrayRef({3, 1, 6}));
  // Every input counts: each of them changes the last layer.
  const auto last = [&](const torch::Tensor& i, const CameraTokens& t, const torch::Tensor& s) {
    return model->HiddenStates(i, torch::ones_like(i), model->Media(t, s)).back();
  };
  const torch::Tensor noise = torch::randn_like(tokens.static_tokens);
  const torch::Tensor state = torch::rand({3, 15}), base = last(ids, tokens, state);
  torch::Tensor other_ids = ids.clone();
  other_ids.select(1, 5).fill_(7);
  CHECK(MaxError(base, last(other_ids, tokens, state)) > 1e-2);
  CHECK(MaxError(base, last(ids, {tokens.static_tokens + noise, tokens.gripper_tokens}, state)) > 1e-3);
  CHECK(MaxError(base, last(ids, {tokens.static_tokens, tokens.gripper_tokens + noise.slice(1, 0, 8)},
                            state)) > 1e-3);
  CHECK(MaxError(base, last(ids, tokens, state + 0.3)) > 1e-3);
}

TEST_CASE("A sentence gives the small agent the same features alone as beside a longer one") {
  torch::NoGradGuard no_grad;
  AgentModel model = FreshNano();
  const torch::Tensor media = torch::randn({2, model->config.MediaTokens(), 64});
  torch::Tensor ids = torch::randint(1, 500, {2, 9});
  ids.select(1, 0).fill_(model->config.language.media_token);
  torch::Tensor mask = torch::ones_like(ids);
  mask[0].slice(0, 6).zero_();
  ids[0].slice(0, 6).fill_(model->config.language.pad_token);
  const auto together = model->HiddenStates(ids, mask, media);
  const torch::Tensor short_ids = ids.slice(0, 0, 1).slice(1, 0, 6), ones = torch::ones_like(short_ids);
  const auto alone = model->HiddenStates(short_ids, ones, media.slice(0, 0, 1));
  for (size_t layer = 0; layer < alone.size(); ++layer) {
    CHECK(MaxError(model->Pool(together[layer], mask)[0], model->Pool(alone[layer], ones)[0]) < 1e-5);
  }
}

TEST_CASE("The first layers of an agent compute the same without the others") {
  torch::NoGradGuard no_grad;
  AgentModel whole = FreshNano(), part(PresetConfig("nano"), AgentParts{.layers = 4});
  part->eval();
  const auto parameters = whole->named_parameters();
  for (auto& item : part->named_parameters()) item.value().copy_(parameters[item.key()]);
  CHECK(part->lang_encoder->layers.size() == 4);
  const torch::Tensor media = torch::randn({1, 17, 64}), ids = torch::randint(1, 500, {1, 7});
  const auto a = whole->HiddenStates(ids, torch::ones_like(ids), media);
  const auto b = part->HiddenStates(ids, torch::ones_like(ids), media);
  REQUIRE(b.size() == 4);
  CHECK(torch::equal(a[3], b[3]));
  CHECK_THROWS_AS(AgentModel(PresetConfig("nano"), AgentParts{.layers = 13}), Error);
  CHECK_THROWS_AS(AgentModel(PresetConfig("nano"), AgentParts{.auxiliary_heads = true, .layers = 4}), Error);
}

TEST_CASE("Deeper exits begin as copies of the last trained one, and shallow training never computes them") {
  AgentModel model = FreshNano({.auxiliary_heads = true});
  BeginDeeperExits(model, 2);
  WindowBatch batch;
  batch.tokens = {torch::randn({6, 16, 64}), torch::randn({6, 8, 64})};
  batch.robot_obs = torch::randn({6, 15});
  batch.ids = torch::randint(1, 500, {2, 7});
  batch.ids.select(1, 0).fill_(model->config.language.media_token);
  batch.mask = torch::ones_like(batch.ids);
  batch.labels = {torch::rand({2, 3, 6}), torch::ones({2, 3}), torch::ones({2, 3}), {}};
  const torch::Tensor all = PooledExits(model, batch), two = PooledExits(model, batch, 2);
  REQUIRE(all.size(0) == 6);
  REQUIRE(two.size(0) == 2);
  CHECK(torch::equal(all.narrow(0, 0, 2), two));
  CHECK_FALSE(torch::equal(all[0], all[1]));
  for (int exit = 2; exit < 6; ++exit) CHECK(torch::equal(all[exit], all[1]));

  const MultiExitLoss loss = MultiExitLosses(model, all, batch.labels, DrawExits(6, 2, 3, 1), {});
  REQUIRE(loss.exits.size() == 5);
  for (int exit = 2; exit < 5; ++exit)
    CHECK(loss.exits[exit].pose.item<double>() == loss.exits[1].pose.item<double>());
  CHECK(loss.last.pose.item<double>() == loss.exits[1].pose.item<double>());
  const MultiExitLoss shallow = CloningLoss(model, batch, DrawExits(2, 2, 3, 1), {}, 2);
  REQUIRE(shallow.exits.size() == 1);
  CHECK(shallow.last.pose.item<double>() == loss.exits[1].pose.item<double>());
  shallow.total.backward();
  CHECK(model->lang_encoder->layers[3]->decoder_layer->mlp_up->weight.grad().defined());
  CHECK_FALSE(model->lang_encoder->layers[4]->decoder_layer->mlp_up->weight.grad().defined());
}

}  // namespace
}  // namespace deerbench
