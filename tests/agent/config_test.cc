#include "agent/config.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace deerbench {
namespace {

std::string Refusal(const nlohmann::json& json) {
  try {
    ConfigFromJson(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("Every preset survives the way through JSON") {
  for (const std::string name : {"nano", "3b", "9b"}) {
    const AgentConfig config = PresetConfig(name);
    CHECK_NOTHROW(config.Validate());
    const nlohmann::json json = ToJson(config);
    CHECK(ToJson(ConfigFromJson(json)) == json);
    CHECK(ConfigFromJson(json).name == name);
  }
  CHECK_THROWS_WITH(PresetConfig("4b"), "preset is '4b', expected nano, 3b or 9b");
}

TEST_CASE("The first exit is skipped by MPT-7B alone, and by no config that does not say so") {
  CHECK(ConfigFromJson(ToJson(PresetConfig("9b"))).skip_first_exit);
  const nlohmann::json small = ToJson(PresetConfig("nano"));
  CHECK_FALSE(small.contains("skip_first_exit"));  // as configs that were written before there was such a key
  CHECK_FALSE(ConfigFromJson(small).skip_first_exit);
  nlohmann::json json = small;
  json["skip_first_exit"] = true;
  CHECK(ConfigFromJson(json).skip_first_exit);
  json["skip_first_exit"] = 1;
  CHECK(Refusal(json) == "agent config: key 'skip_first_exit' is 1, expected another type");
}

TEST_CASE("The small agent has an exit at every second layer and a state token behind the latents") {
  const AgentConfig config = PresetConfig("nano");
  CHECK(config.ExitLayers() == std::vector<int>{1, 3, 5, 7, 9, 11});
  CHECK(config.MediaTokens() == 17);
  CHECK(config.vision.static_camera.picture_size() == 200);
  CHECK(config.vision.gripper_camera.picture_size() == 84);
  CHECK(config.vision.static_camera.grid() == 25);
  CHECK(config.vision.gripper_camera.grid() == 21);
}

TEST_CASE("A config that is wrong is refused with the field, the value and the expectation") {
  const nlohmann::json good = ToJson(PresetConfig("nano"));
  nlohmann::json bad = good;
  bad["vision"]["kind"] = "resnet";
  CHECK(Refusal(bad) == "agent config: 'vision.kind' is 'resnet', expected clip or conv");
  bad = good;
  bad["vision"]["static"]["layers"][1]["kernel"] = 4;
  CHECK(Refusal(bad) == "agent config: 'vision.static.layers.kernel' is 4, expected an odd number");
  bad = good;
  bad["state"]["scale"].erase(3);
  CHECK(Refusal(bad) == "agent config: 'state.mean' and 'state.scale' have 15 and 14 entries, expected 15");
  bad = good;
  bad["language"]["width"] = 64.5;
  CHECK(Refusal(bad) == "agent config: key 'language.width' is 64.5, expected an integer");
  bad = good;
  bad["head"]["mlp_hidden"] = {128.9, 64};
  CHECK(Refusal(bad) == "agent config: key 'head.mlp_hidden' is [128.9,64], expected a list of integers");
  bad = good;
  bad["head"]["mlp_hidden"] = 128;
  CHECK(Refusal(bad) == "agent config: key 'head.mlp_hidden' is 128, expected a list of integers");
  bad = good;
  bad["state"]["angles"] = {3, 4294967300};
  CHECK(Refusal(bad) == "agent config: key 'state.angles' is [3,4294967300], expected a list of integers");
  bad = good;
  bad["language"]["colour"] = 1;
  CHECK(Refusal(bad) == "agent config: unknown key 'language.colour'");
  bad = good;
  bad["language"]["layers"] = 1 << 20;
  CHECK(Refusal(bad) == "agent config: 'language.layers' is 1048576, expected 1 to 16384");
  bad = good;
  bad["prompt"].erase("max_tokens");
  CHECK(Refusal(bad) == "agent config: key 'prompt.max_tokens' is missing");
  bad = good;
  bad["language"]["media_token"] = 600;
  CHECK(Refusal(bad) == "agent config: 'language.media_token' is 600, expected 0 to 571 (vocab_size - 1)");
}

TEST_CASE("Pictures are at most 1024 pixels wide and hold a patch, not only whole ones") {
  nlohmann::json conv = ToJson(PresetConfig("nano")), clip = ToJson(PresetConfig("3b"));
  conv["vision"]["gripper"]["input_size"] = 1025;
  CHECK(Refusal(conv) == "agent config: 'vision.gripper.input_size' is 1025, expected 1 to 1024");
  clip["vision"]["image_size"] = 1025;
  CHECK(Refusal(clip) == "agent config: 'vision.image_size' is 1025, expected 1 to 1024");
  clip["vision"]["image_size"] = 13;
  CHECK(Refusal(clip) ==
        "agent config: 'vision.image_size' is 13, expected at least 'vision.patch_size' (14)");
  clip["vision"]["image_size"] = 230;  // 16 patches of 14 and 6 pixels more
  CHECK(ConfigFromJson(clip).vision.patches() == 256);
}

}  // namespace
}  // namespace deerbench
