// The agent against tensors recorded from the official DeeR code.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/checkpoint.h"
#include "agent/clip_preprocess.h"
#include "agent/multi_exit.h"
#include "agent/preprocess.h"
#include "agent/thresholds.h"
#include "tests/agent/recorded.h"

namespace deerbench::test {
namespace {

constexpr double kTolerance = 5e-5;

// One line of figures a kind: the worst error of each array.
class Figures {
 public:
  explicit Figures(std::string kind) : kind_(std::move(kind)) {}
  void Check(const std::string& what, const torch::Tensor& computed, const torch::Tensor& recorded,
             double tolerance = kTolerance) {
    const double error = MaxError(computed, recorded);
    INFO(kind_ << " " << what);
    CHECK(error <= tolerance);
    line_ += fmt::format(" {} {:.1e}", what, error);
  }
  void Say(const std::string& text) { line_ += " " + text; }
  ~Figures() { fmt::print("parity {}:{}\n", kind_, line_); }

 private:
  std::string kind_, line_;
};

TEST_CASE("A training window gives the official hidden states, features and actions") {
  const auto folder = RecordedFolder("agent windows");
  if (!folder) return;
  const auto files = RecordedFiles(*folder, "case_", "_window.npz");
  REQUIRE(!files.empty());
  torch::NoGradGuard no_grad;
  for (const auto& file : files) {
    const Npz npz = ReadNpz(file);
    const auto get = [&](const std::string& name) { return ToTensor(npz.at(name)); };
    AgentModel model = RecordedModel(*folder, RecordedLetter(file));
    Figures figures("window " + RecordedLetter(file));

    const torch::Tensor ids = get("input_ids"), mask = get("attention_mask"), images = get("images_static");
    const int64_t batch = images.size(0), window = images.size(1);
    const torch::Tensor static_tokens = model->vision(images.flatten(0, 1));
    const torch::Tensor gripper_tokens = model->vision(get("images_gripper").flatten(0, 1));
    figures.Check("patch_tokens", static_tokens,
                  get("patch_tokens_static").flatten(1, 3 - 1).squeeze(1).view_as(static_tokens));
    figures.Check("perceiver", model->perceiver(gripper_tokens), get("perceiver_gripper").squeeze(1));
    const torch::Tensor media = model->Media({static_tokens, gripper_tokens});
    const torch::Tensor window_ids = ids.repeat_interleave(window, 0),
                        window_mask = mask.repeat_interleave(window, 0);

    const int first = get("first_xattn_layer").item<int>();
    const TextContext context = model->lang_encoder->MakeContext(window_ids, window_mask);
    torch::Tensor x = model->lang_encoder->Embed(window_ids);
    for (int i = 0; i < first; ++i) x = model->lang_encoder->RunLayer(i, x, media, context);
    auto cross = model->lang_encoder->layers[first]->gated_cross_attn_layer;
    figures.Check("cross_attention", cross->Attend(x, media, context.text_time),
                  get("first_xattn_attn_out_ungated"));
    figures.Check("cross_block", cross(x, media, context.text_time), get("first_xattn_block_out"));

    const auto hidden = model->HiddenStates(window_ids, window_mask, media);
    figures.Check("hidden", torch::stack(hidden), get("hidden_states"));
    std::vector<torch::Tensor> pooled;
    for (const auto& h : hidden) pooled.push_back(model->Pool(h, window_mask));
    figures.Check("pooled", torch::stack(pooled), get("pooled"));

    const auto check_head = [&](const std::string& name, ActionHead head, const torch::Tensor& features) {
      const HeadOutput out = head->RunWindow(features);
      figures.Check(name, out.pose, get(name + "_pose"));
      figures.Check(name + "_gripper", torch::sigmoid(out.gripper_logit), get(name + "_gripper_prob"));
    };
    const auto in_window = [&](const torch::Tensor& features) { return features.view({batch, window, -1}); };
    check_head("lm_head", model->lm_head, in_window(pooled.back()));
    const auto exits = model->config.ExitLayers();
    for (size_t i = 0; i + 1 < exits.size(); ++i) {
      check_head(fmt::format("lm_exit{}", exits[i]), model->lm_exit_modules[i], in_window(pooled[exits[i]]));
    }
    const torch::Tensor stacked = torch::stack(pooled).view({-1, batch, window, pooled[0].size(-1)});
    for (const std::string extra : {"extra1", "extra2"}) {
      const torch::Tensor layer = get(extra + "_layer_indices").view({1, batch, window, 1});
      const torch::Tensor chosen = stacked.gather(0, layer.expand({1, -1, -1, stacked.size(-1)})).squeeze(0);
      check_head(extra, model->extra_exit, chosen);
    }
    for (size_t layer = 0; layer < pooled.size(); ++layer) {
      const std::string name = fmt::format("extra_on_layer{}", layer);
      if (!npz.contains(name + "_pose")) continue;
      check_head(name, model->extra_exit, in_window(pooled[layer]));
    }
  }
}

TEST_CASE("Padding, missing and doubled media tokens are treated as the official code treats them") {
  const auto folder = RecordedFolder("agent masks");
  if (!folder) return;
  torch::NoGradGuard no_grad;
  const auto files = RecordedFiles(*folder, "case_", "_masks.npz");
  REQUIRE(!files.empty());
  for (const auto& file : files) {
    const Npz npz = ReadNpz(file);
    AgentModel model = RecordedModel(*folder, RecordedLetter(file));
    Figures figures("masks " + RecordedLetter(file));
    const auto hidden = model->HiddenStates(ToTensor(npz.at("input_ids")), ToTensor(npz.at("attention_mask")),
                                            ToTensor(npz.at("vis_x")).squeeze(1));
    figures.Check("hidden", torch::stack(hidden), ToTensor(npz.at("hidden_states")));
  }
}

TEST_CASE("Rollouts leave at the official exits with the official actions and histories") {
  const auto folder = RecordedFolder("agent rollouts");
  if (!folder) return;
  torch::NoGradGuard no_grad;
  size_t cases = 0;
  for (const auto& file : RecordedFiles(*folder, "case_", ".npz")) {
    if (file.filename().string().find("_rollout_") == std::string::npos) continue;
    ++cases;
    const Npz npz = ReadNpz(file);
    const auto get = [&](const std::string& name) { return ToTensor(npz.at(name)); };
    const ExitOptions options = RecordedExits(npz);
    AgentModel model = RecordedModel(*folder, RecordedLetter(file), options.LastLayer() + 1);
    MultiExitRollout rollout(model, options);
    const auto reset_at = npz.at("reset_at").ints();

    const torch::Tensor ids = get("input_ids"), mask = get("attention_mask");
    const torch::Tensor px_static = get("px_static"), px_gripper = get("px_gripper");
    std::vector<torch::Tensor> h, c, pooled;
    const auto exits = npz.at("exit_layer").ints();
    const auto deltas = npz.at("delta").doubles(), actions = npz.at("action_f16").doubles();
    const int64_t n_exit = npz.at("delta").shape[1];
    double delta_error = 0;
    std::vector<torch::Tensor> poses;
    ActionError action;
    for (int64_t t = 0; t < px_static.size(0); ++t) {
      if (std::find(reset_at.begin(), reset_at.end(), t) != reset_at.end()) rollout.Reset();
      const ExitStep step = rollout.Step(
          model->Media(model->EncodeImages(px_static.slice(0, t, t + 1), px_gripper.slice(0, t, t + 1))), ids,
          mask);
      INFO(file.filename().string() << " step " << t);
      CHECK(step.exit_layer == exits[t]);
      size_t evaluated = 0;
      for (int64_t k = 0; k < n_exit; ++k) {
        const double recorded = deltas[t * n_exit + k];
        if (std::isnan(recorded)) continue;
        REQUIRE(evaluated < step.probes.size());
        delta_error = std::max(delta_error, std::abs(step.probes[evaluated++].difference - recorded));
      }
      action.Add(step, &actions[t * 7]);
      poses.push_back(torch::tensor(std::vector<float>(step.pose.begin(), step.pose.end())));
      h.push_back(rollout.state().h);
      c.push_back(rollout.state().c);
      pooled.push_back(rollout.pooled()[0]);
    }
    Figures figures("rollout " + file.stem().string());
    figures.Check("h", torch::stack(h), get("lstm_h"));
    figures.Check("c", torch::stack(c), get("lstm_c"));
    figures.Check("pooled", torch::stack(pooled), get("pooled_exit"));
    figures.Check("delta", torch::tensor(delta_error), torch::tensor(0.0));
    figures.Check("pose", torch::stack(poses), get("pose"));
    // Half a unit of half precision, but for the pose's own error; next to nothing lies in between.
    figures.Check("beyond_half_ulp", torch::tensor(action.beyond), torch::tensor(0.0));
    CHECK(action.equal >= 0.95 * action.count);
    figures.Say(fmt::format("action {:.3f} ulp before rounding, {} of {} equal as float16",
                            action.unrounded_ulps, action.equal, action.count));
  }
  REQUIRE(cases > 0);
}

TEST_CASE("Other layouts of the action head compute what the official ones do") {
  const auto folder = RecordedFolder("head variants");
  if (!folder) return;
  torch::NoGradGuard no_grad;
  size_t cases = 0;
  for (const auto& path : RecordedFiles(*folder, "head_variants", ".json")) {
    std::ifstream file(path);
    const nlohmann::json json = nlohmann::json::parse(file);
    const std::string stem = path.stem().string();
    const SafetensorsFile weights(*folder / (stem + ".safetensors"));
    const Npz npz = ReadNpz(*folder / ("case_" + stem + ".npz"));
    for (const auto& [name, variant] : json.at("variants").items()) {
      ++cases;
      HeadConfig config;
      config.lstm_hidden = json.at("lstm_hidden");
      config.lstm_layers = json.at("lstm_num_layers");
      config.lstm_layernorm = variant.at("lstm_layernorm");
      config.mlp_hidden = json.at("mlp_hidden_dims").get<std::vector<int>>();
      config.mlp_hidden.resize(variant.at("mlp_num_hidden_layers").get<size_t>());
      config.mlp_layernorm = variant.at("mlp_layernorm");
      const std::string dropout_mode = variant.at("dropout_mode");
      config.dropout_placement = RecordedPlacement(dropout_mode);
      ActionHead head(config, json.at("in_features").get<int>(), 1e-5);
      head->eval();
      std::map<std::string, size_t> dimensions;
      for (const std::string& recorded : weights.names())
        if (recorded.starts_with(name + ".")) dimensions[recorded] = weights.shape(recorded).size();
      std::map<std::string, torch::Tensor> tensors;  // by our names
      for (const auto& [recorded, ours] : OurNames(dimensions, dropout_mode))
        tensors[ours] = weights.Get(recorded);
      size_t found = 0;
      for (auto& item : head->named_parameters())
        item.value().copy_(tensors.at(name + "." + item.key())), ++found;
      CHECK(found == tensors.size());
      CHECK(found == dimensions.size());

      const auto get = [&](const std::string& what) { return ToTensor(npz.at(name + "/" + what)); };
      Figures figures("head " + name);
      const torch::Tensor features = get("feat").amax(1), window_pose = get("window_pose");
      const HeadOutput window =
          head->RunWindow(features.view({window_pose.size(0), window_pose.size(1), -1}));
      figures.Check("pose", window.pose, window_pose);
      figures.Check("gripper", torch::sigmoid(window.gripper_logit), get("window_gripper_prob"));
      const torch::Tensor steps = get("step_pose_gripper");
      HeadState state;
      std::vector<torch::Tensor> outputs;
      for (int64_t t = 0; t < steps.size(0); ++t) {
        const HeadOutput out = head->Run(features.slice(0, t, t + 1).unsqueeze(0), state);
        outputs.push_back(torch::cat({out.pose.flatten(), torch::sigmoid(out.gripper_logit).flatten()}));
      }
      figures.Check("steps", torch::stack(outputs), steps);
      figures.Check("h", state.h, get("h"));
      figures.Check("c", state.c, get("c"));
    }
  }
  REQUIRE(cases > 0);
}

TEST_CASE("Pictures are resized to the bits that Pillow gives and normalised as open_clip does") {
  const auto folder = RecordedFolder("preprocessing");
  if (!folder) return;
  const auto files = RecordedFiles(*folder, "case_preprocess", ".npz");
  REQUIRE(!files.empty());
  for (const auto& file : files) {
    const Npz npz = ReadNpz(file);
    Figures figures(file.stem().string());
    for (const std::string camera : {"static", "gripper"}) {
      const NpyArray& picture = npz.at(camera + "_u8");
      const torch::Tensor expected = ToTensor(npz.at(camera + "_resized224_u8"));
      const int height = static_cast<int>(picture.shape[0]), width = static_cast<int>(picture.shape[1]);
      const int size = static_cast<int>(expected.size(0));
      const RgbPicture resized = ResizeBicubic(picture.bytes, width, height, size, size);
      CHECK(std::ranges::equal(resized.rgb, npz.at(camera + "_resized224_u8").bytes));
      const torch::Tensor image = ClipImages(ToTensor(picture).unsqueeze(0), size)[0];
      figures.Check(camera, image.select(1, 0), ToTensor(npz.at(camera + "_normalised_row0")), 1e-6);
      const auto moments = npz.at(camera + "_normalised_mean_std").doubles();
      CHECK(image.to(torch::kFloat64).mean().item<double>() == Approx(moments[0]).margin(1e-6));
      CHECK(image.to(torch::kFloat64).std().item<double>() == Approx(moments[1]).epsilon(1e-4));
    }
  }
}

TEST_CASE("Thresholds are the official solver's") {
  const auto folder = RecordedFolder("thresholds");
  if (!folder) return;
  int cases = 0;
  for (const auto& path : RecordedFiles(*folder, "thresholds_", ".json")) {
    std::ifstream file(path);
    const nlohmann::json json = nlohmann::json::parse(file);
    for (const auto& [name, entry] : json.items()) {
      const auto values = entry.at("values").get<std::vector<std::vector<float>>>();
      const int max_index = entry.at("controller_max_layer_index");
      const auto exits = entry.at("exit_layer_ids").get<std::vector<int>>();
      const int usable =
          static_cast<int>(std::count_if(exits.begin(), exits.end(), [&](int e) { return e <= max_index; }));
      auto probabilities =
          ExitProbabilities(ExitDistributionByName(entry.at("exit_dist")), entry.at("exit_ratio"), usable,
                            entry.at("model_name").get<std::string>().find("mpt_9b") != std::string::npos);
      INFO(path.filename().string() << " " << name);
      std::vector<float> expected;
      for (int k = 0; k < usable; ++k)
        expected.push_back(entry.at("thresholds").at(std::to_string(exits[k])));
      CHECK(SolveThresholds(values, probabilities) == expected);
      ++cases;
    }
  }
  REQUIRE(cases > 0);
  fmt::print("parity thresholds: {} cases\n", cases);
}

}  // namespace
}  // namespace deerbench::test
