#include "harness/bench/sim_bench.h"

#include <functional>
#include <utility>

#include "sim/env/start.h"
#include "sim/expert/expert.h"
#include "sim/render/render_scene.h"
#include "sim/tasks/chains.h"
#include "sim/tasks/oracle.h"

namespace deerbench {
namespace {

// Steps chains with the expert: `step` does the control step and may time it, `after` sees the world then.
void DriveExpert(Tabletop& tabletop, const SimBenchOptions& options,
                 const std::function<void(const RelativeAction&)>& step) {
  Expert expert(tabletop.scene().model);
  for (const Chain& chain : Chains(ChainSet::kTuning, options.chains)) {
    tabletop.ResetFresh(StartOf(*tabletop.scene().model, chain.state));
    for (const TaskId task : chain.tasks) {
      expert.Reset(tabletop.world(), task, 0);
      const SceneInfo start = tabletop.world().Info();
      for (int i = 0; i < options.steps_a_subtask; ++i) {
        const ExpertStep decision = expert.Step(tabletop.world());
        if (!decision.can_act) break;
        step(decision.action);
        if (Completed(task, start, tabletop.world().Info())) break;
      }
    }
  }
}

class Stopwatch {
 public:
  // CPU time of `work`, ms, appended to `values`.
  template <class Work>
  static void Time(std::vector<double>& values, const Work& work) {
    const double start = ThreadCpuMs();
    work();
    values.push_back(ThreadCpuMs() - start);
  }
};

struct Canvas {
  std::vector<uint8_t> rgb;
  std::vector<float> depth;
  std::vector<int32_t> segmentation;

  ImageView Fit(const Camera& camera, bool all) {
    const size_t pixels = static_cast<size_t>(camera.width) * camera.height;
    rgb.resize(3 * pixels);
    depth.resize(pixels);
    segmentation.resize(pixels);
    return {rgb.data(), all ? depth.data() : nullptr, all ? segmentation.data() : nullptr};
  }
};

}  // namespace

std::vector<Timing> BenchSim(const TabletopScene& scene, const SimBenchOptions& options) {
  Tabletop tabletop(scene);
  World* world = nullptr;
  Observation observation;
  Canvas canvas;
  std::vector<double> physics, static_camera, gripper_camera, judge, whole;
  int steps = 0;
  DriveExpert(tabletop, options, [&](const RelativeAction& action) {
    world = &tabletop.world();
    std::vector<double> unused;
    const bool warm = steps >= options.warm_up_steps;
    const auto into = [&](std::vector<double>& values) -> std::vector<double>& {
      return warm ? values : unused;
    };
    // The parts in turn with the whole, so that neither finds the other's memory warm.
    if (++steps % 2 == 0) {
      Stopwatch::Time(into(whole), [&] {
        world->Step(action);
        tabletop.Observe(observation);
      });
      return;
    }
    Stopwatch::Time(into(physics), [&] { world->Step(action); });
    Stopwatch::Time(into(judge), [&] { world->Info(); });
    const Camera fixed = scene.model->static_camera();
    const Camera moving = scene.model->gripper_camera(world->X_WGripperCamera());
    Stopwatch::Time(into(static_camera), [&] { tabletop.Render(fixed, canvas.Fit(fixed, false)); });
    Stopwatch::Time(into(gripper_camera), [&] { tabletop.Render(moving, canvas.Fit(moving, false)); });
  });
  return {Summarize("physics", physics), Summarize("static camera", static_camera),
          Summarize("gripper camera", gripper_camera), Summarize("judge", judge),
          Summarize("whole step", whole)};
}

std::vector<Moment> CollectMoments(const TabletopScene& scene, int count) {
  Tabletop tabletop(scene);
  std::vector<Moment> all;
  DriveExpert(tabletop, {}, [&](const RelativeAction& action) {
    tabletop.world().Step(action);
    all.push_back({tabletop.world().scene_state(), scene.model->static_camera(),
                   scene.model->gripper_camera(tabletop.world().X_WGripperCamera())});
  });
  std::vector<Moment> chosen;
  for (int i = 0; i < count && !all.empty(); ++i) chosen.push_back(all[i * all.size() / count]);
  return chosen;
}

std::vector<Timing> BenchRender(const TabletopScene& scene, int moments, int repeats) {
  struct Variant {
    const char* name;
    bool shadows = true, antialias = true, filter_textures = true, all_planes = false;
  };
  const std::vector<Variant> variants = {
      {.name = "as evaluated"},
      {.name = "with depth and segmentation", .all_planes = true},
      {.name = "no shadows", .shadows = false},
      {.name = "no anti-aliasing", .antialias = false},
      {.name = "no texture filter", .filter_textures = false},
      {.name = "plain", .shadows = false, .antialias = false, .filter_textures = false},
  };
  const std::vector<Moment> pictures = CollectMoments(scene, moments);
  Canvas canvas;
  std::vector<Timing> timings;
  for (const bool gripper : {false, true}) {
    for (const Variant& variant : variants) {
      // What the scene's look goes without stays off.
      RenderOptions options = OptionsOf(scene.render->look);
      options.shadows &= variant.shadows;
      options.antialias &= variant.antialias;
      options.filter_textures &= variant.filter_textures;
      Renderer renderer(scene.render, options);
      std::vector<double> values;
      for (int round = 0; round <= repeats; ++round) {
        if (round == 1) values.clear();  // the first one warms up
        for (const Moment& moment : pictures) {
          const Camera& camera = gripper ? moment.gripper_camera : moment.static_camera;
          const ImageView view = canvas.Fit(camera, variant.all_planes);
          Stopwatch::Time(values, [&] { renderer.Render(moment.state, camera, view); });
        }
      }
      timings.push_back(Summarize(
          std::string(gripper ? "gripper camera, " : "static camera, ") + variant.name, std::move(values)));
    }
  }
  return timings;
}

}  // namespace deerbench
