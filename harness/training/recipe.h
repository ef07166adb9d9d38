// A recipe: every choice that leads to a checkpoint, one YAML file (models/recipes).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace deerbench {

// Expert demonstrations, made by `collect` where they are missing.
struct DataRecipe {
  std::vector<std::string> scenes;  // letters
  int demonstrations = 0;           // a scene
  double noise = 0;                 // of the expert while it demonstrates
  // How far at most every demonstration is moved before the static camera, m (view_shift.h). The agent's
  // input then leaves out the arm's joints, which would tell where it really is. 0: not at all.
  double view_shift_m = 0;
};

// Optimiser settings that every training stage has.
struct StepRecipe {
  int steps = 1000, batch = 64;  // batch: frames (vision) or windows
  int warmup_steps = 100;
  double learning_rate = 1e-3, final_fraction = 0.02, weight_decay = 0.01, max_gradient_norm = 1;
  double average_decay = 0;  // of the weights' running average, 0 for none
  int save_every = 100;      // steps
};

// All of it but save_every, which changes nothing: for the note of what an unfinished training was begun
// with.
std::string StepKey(const StepRecipe& steps);

struct VisionRecipe : StepRecipe {
  int frames = 100000;  // at most, evenly spread over the demonstrations
  int hidden = 256;     // width of the head that is thrown away
  double flag_weight = 0.1, class_weight = 0.05;
  // Of teaching one slot each to look at button, switch, handles and blocks (landmarks.h): what a scene that
  // nobody has seen is found by. 0: not at all.
  double landmark_weight = 0;
  int visible_pixels = 4;  // a block counts where a camera sees at least so many pixels of it
  // How far each picture's colours are thrown about (color_jitter.h). 0: not at all.
  double color_jitter = 0;
};

struct CloningRecipe : StepRecipe {
  double gripper_weight = 0.05;
  double huber_delta = 1;  // below this difference the pose's loss is quadratic, above it linear
  double task_balance =
      0.5;        // a task's share of the windows is its share of the data to the power of 1 - this
  int chunk = 8;  // windows that go through the network together
  // Only the first so many exits and the layers below them, 0 for all: a shallow network costs less to train.
  // DAgger rounds train (and act with) the same ones.
  int exits = 0;
  // Every demonstration, and every subtask of the rollouts, is seen in colours of its own (color_jitter.h).
  double color_jitter = 0;
  // Chance that a slot which a window's task is not about shows another demonstration (slot_swaps.h). Needs
  // vision.landmark_weight.
  double slot_swaps = 0;
};

struct DaggerRecipe {
  int rounds = 0;
  int rollouts = 200;    // subtasks a round
  int worlds = 16;       // played together, 64 at most: tasks are planned by what became of the worlds before
  int max_steps = 200;   // of a subtask
  double beta = 0;       // chance that the expert leads a subtask's first steps
  int expert_steps = 0;  // for how many at most
  int steps = 1000;      // of cloning after each round
  double slot_swaps = 0;  // in place of cloning's, here and in deepen; needs vision.landmark_weight
  double learning_rate = 5e-4;
};

// After everything else: all exits together, the deeper layers beginning as the identity.
struct DeepenRecipe {
  int steps = 0;  // 0: not at all
  double learning_rate = 5e-4;
};

struct Recipe {
  std::string name;
  std::string agent = "nano";  // preset of AgentConfig
  uint64_t seed = 1;
  DataRecipe data;
  VisionRecipe vision;
  CloningRecipe cloning;
  DaggerRecipe dagger;
  DeepenRecipe deepen;
};

// Throws Error naming file, line and key for what is unknown, missing or out of range.
Recipe ReadRecipe(const std::filesystem::path& file);

}  // namespace deerbench
