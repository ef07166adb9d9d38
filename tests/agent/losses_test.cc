// The official training code's losses and gradients, recorded once.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/training/cloning.h"
#include "agent/training/flat_parameters.h"
#include "tests/agent/recorded.h"

namespace deerbench::test {
namespace {

// Layer indices -> ordinals of the exits.
torch::Tensor Ordinals(const torch::Tensor& layers, const std::vector<int>& exits) {
  torch::Tensor ordinals = torch::empty_like(layers);
  for (size_t i = 0; i < exits.size(); ++i)
    ordinals.masked_fill_(layers.eq(exits[i]), static_cast<int64_t>(i));
  return ordinals;
}

std::string Letter(const std::filesystem::path& file) { return file.filename().string().substr(5, 1); }

}  // namespace

TEST_CASE("Losses and gradients of a training step are the official code's") {
  const auto folder = RecordedFolder("agent losses");
  if (!folder) return;
  const auto files = RecordedFiles(*folder, "case_", "_losses.npz");
  REQUIRE(!files.empty());
  for (const auto& file : files) {
    const Npz npz = ReadNpz(file);
    const auto get = [&](const std::string& name) { return ToTensor(npz.at(name)); };
    std::ifstream text(*folder / fmt::format("losses_{}.json", Letter(file)));
    const auto recorded = nlohmann::json::parse(text).at("joint");
    AgentModel model = RecordedModel(*folder, Letter(file));
    const RecordedWeights weights(*folder, Letter(file));
    std::map<std::string, double> norms;  // of gradients
    for (const auto& [name, norm] : recorded.at("grad_norms").items()) norms[weights.name(name)] = norm;
    const std::vector<int> exits = model->config.ExitLayers();

    WindowBatch batch;
    batch.ids = get("input_ids");
    batch.mask = get("attention_mask");
    const torch::Tensor static_images = get("images_static"), gripper_images = get("images_gripper");
    batch.tokens = model->EncodeImages(static_images.flatten(0, 1), gripper_images.flatten(0, 1));
    batch.robot_obs = torch::zeros({static_images.size(0) * static_images.size(1), 15});
    const torch::Tensor labels = get("labels");
    batch.labels.pose = labels.narrow(-1, 0, 6);
    batch.labels.gripper = (labels.select(-1, 6) + 1).floor_divide(2);
    const ExitSamples samples = {Ordinals(get("joint_extra1_layer_indices"), exits),
                                 Ordinals(get("joint_extra2_layer_indices"), exits)};
    FlatParameters parameters(*model, [&](const std::string& name) { return norms.contains(name); });
    const MultiExitLoss loss = CloningLoss(model, batch, samples, {.gripper = 0.01});
    loss.total.backward();

    const auto& log = recorded.at("wandb_log");
    double worst = 0;
    const auto check = [&](const std::string& name, const torch::Tensor& value) {
      INFO(file.filename().string() << " " << name);
      const double expected = log.at(name);
      CHECK(value.item<double>() == Approx(expected).margin(2e-6));
      worst = std::max(worst, std::abs(value.item<double>() - expected));
    };
    check("loss_calvin", loss.total);
    for (size_t i = 0; i < loss.exits.size(); ++i) {
      check(fmt::format("loss_calvin_num_{}", i), loss.exits[i].pose);
      check(fmt::format("loss_calvin_bin_{}", i), loss.exits[i].gripper);
    }
    check(fmt::format("loss_calvin_num_{}", loss.exits.size()), loss.last.pose);
    check(fmt::format("loss_calvin_bin_{}", loss.exits.size()), loss.last.gripper);
    check("extra_exit_loss_num", loss.scattered.pose);
    check("extra_exit_loss_bin", loss.scattered.gripper);
    check("extra_exit_loss2_num", loss.switched.pose);
    check("extra_exit_loss2_bin", loss.switched.gripper);

    double worst_norm = 0;
    const auto gradients = parameters.Split(parameters.gradients);
    for (const auto& [name, expected] : norms) {
      INFO(file.filename().string() << " gradient of " << name);
      REQUIRE(gradients.contains(name));
      const double norm = gradients.at(name).norm().item<double>();
      CHECK(norm == Approx(expected).epsilon(1e-3).margin(1e-6));
      worst_norm = std::max(worst_norm, std::abs(norm - expected) / (expected + 1e-6));
    }
    CHECK(parameters.gradients.norm().item<double>() ==
          Approx(recorded.at("total_grad_norm_before_clip").get<double>()).epsilon(1e-3));
    size_t compared = 0;
    for (const auto& [key, array] : npz) {
      if (!key.starts_with("joint_grad::")) continue;
      INFO(file.filename().string() << " " << key);
      const torch::Tensor expected = ToTensor(array);
      CHECK(MaxError(gradients.at(weights.name(key.substr(12))), expected) <
            1e-3 * expected.abs().max().item<double>() + 1e-6);
      ++compared;
    }
    REQUIRE(compared > 0);
    fmt::print("parity losses {}: loss error {:.1e}, gradient norms within {:.1e} relative, {} gradients\n",
               Letter(file), worst, worst_norm, compared);
  }
}

}  // namespace deerbench::test
