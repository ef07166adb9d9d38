#include "datasets/frame_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "sim/physics/world_state.h"

namespace deerbench {
namespace {

// References to one demonstration in the order of their steps: neighbours look alike, and what a renderer
// keeps of the last picture serves the next.
struct Run {
  int demo = 0;
  std::vector<size_t> frames;  // indices into the call's references
};

constexpr size_t kLongestRun = 64;  // so that one long demonstration does not keep the other threads waiting

std::vector<Run> RunsOf(std::span<const FrameRef> frames) {
  std::vector<size_t> order(frames.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    return std::pair(frames[a].demo, frames[a].step) < std::pair(frames[b].demo, frames[b].step);
  });
  std::vector<Run> runs;
  for (const size_t i : order) {
    if (runs.empty() || runs.back().demo != frames[i].demo || runs.back().frames.size() >= kLongestRun)
      runs.push_back({.demo = frames[i].demo, .frames = {}});
    runs.back().frames.push_back(i);
  }
  return runs;
}

}  // namespace

struct FrameLoader::Impl {
  Impl(std::shared_ptr<const DemoReader> demos, std::map<std::string, TabletopScene> by_letter,
       const FrameLoaderOptions& options)
      : reader(std::move(demos)),
        scenes(std::move(by_letter)),
        static_camera(options.static_camera),
        draw_all(options.draw || options.static_camera) {
    if (options.threads < 1 || options.threads > 256)
      Fail(fmt::format("frame loader: threads is {}, expected 1 to 256", options.threads));
    for (const DemoInfo& demo : reader->demos()) {
      if (demo.has_states && !scenes.contains(demo.scene))
        Fail(fmt::format("{}: scene {} is needed and not loaded", reader->path().string(), demo.scene));
    }
    for (const auto& [letter, scene] : scenes) {
      CheckCamera(letter, "static", scene.model->static_camera(), kStaticSize);
      CheckCamera(letter, "gripper", scene.model->gripper_camera({}), kGripperSize);
    }
    for (int i = 0; i < options.threads; ++i) threads.emplace_back([this] { Work(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      quit = true;
    }
    changed.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  void Load(std::span<const FrameRef> refs, const FrameArrays& arrays) {
    const bool segmentation = arrays.segmentation_static || arrays.segmentation_gripper;
    for (size_t i = 0; i < refs.size(); ++i) Check(refs[i], i, segmentation);
    std::unique_lock lock(mutex);
    frames = refs;
    out = arrays;
    runs = RunsOf(refs);
    next = 0;
    busy = threads.size();
    error = nullptr;
    ++generation;
    changed.notify_all();
    finished.wait(lock, [&] { return busy == 0; });
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
  }

  // Arrays have room for pictures of one size.
  void CheckCamera(const std::string& letter, const char* name, const Camera& camera, int size) const {
    if (camera.width == size && camera.height == size) return;
    Fail(fmt::format("{}: the {} camera of scene {} draws {} x {} pixels, expected {} x {}",
                     reader->path().string(), name, letter, camera.width, camera.height, size, size));
  }

  bool MustDraw(const DemoInfo& info, bool segmentation) const {
    return draw_all || segmentation || !HasPictures(info);
  }

  void Check(const FrameRef& ref, size_t index, bool segmentation) const {
    if (ref.demo < 0 || ref.demo >= reader->size()) {
      Fail(fmt::format("frame {}: demonstration {}, expected 0 to {} ({})", index, ref.demo,
                       reader->size() - 1, reader->path().string()));
    }
    const DemoInfo& info = reader->demos()[static_cast<size_t>(ref.demo)];
    if (ref.step < 0 || ref.step >= info.moments) {
      Fail(fmt::format("frame {}: step {} of demonstration {}, expected 0 to {} ({})", index, ref.step,
                       ref.demo, info.moments - 1, reader->path().string()));
    }
    if (!info.has_states && MustDraw(info, segmentation)) {
      Fail(fmt::format("frame {}: {} of demonstration {} must be drawn, and it has no states ({})", index,
                       segmentation ? "segmentation" : "pictures", ref.demo, reader->path().string()));
    }
  }

  // What one thread has for itself.
  struct Own {
    std::map<std::string, Renderer> renderers;
    int demo = -1;  // whose states these are
    std::vector<WorldState> states;
  };

  void Work() {
    Own own;
    uint64_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return quit || generation != seen; });
      if (quit) return;
      seen = generation;
      lock.unlock();
      try {
        for (size_t run = next++; run < runs.size(); run = next++) {
          const bool segmentation = out.segmentation_static || out.segmentation_gripper;
          if (MustDraw(reader->demos()[static_cast<size_t>(runs[run].demo)], segmentation))
            Draw(runs[run], own);
          else
            Read(runs[run]);
        }
      } catch (...) {
        const std::lock_guard guard(error_mutex);
        if (!error) error = std::current_exception();
        next = runs.size();
      }
      lock.lock();
      if (--busy == 0) finished.notify_all();
    }
  }

  void Draw(const Run& run, Own& own) {
    const DemoInfo& info = reader->demos()[static_cast<size_t>(run.demo)];
    const std::string& letter = info.scene;
    const TabletopScene& scene = scenes.at(letter);
    Renderer& renderer = own.renderers.try_emplace(letter, scene.render).first->second;
    if (own.demo != run.demo) {
      own.demo = -1;
      own.states = reader->ReadStates(run.demo);
      own.demo = run.demo;
    }
    Camera fixed = scene.model->static_camera();
    if (static_camera) {
      fixed = static_camera(fixed, info);
      CheckCamera(letter, "static", fixed, kStaticSize);
    }
    for (const size_t i : run.frames) {
      const WorldState& state = own.states[static_cast<size_t>(frames[i].step)];
      const SceneState picture = MakeSceneState(*scene.model, state);
      const auto draw = [&](const Camera& camera, uint8_t* rgb, int32_t* segmentation) {
        const size_t pixels = static_cast<size_t>(camera.width) * static_cast<size_t>(camera.height);
        const ImageView view{.rgb = rgb ? rgb + 3 * pixels * i : nullptr,
                             .depth_m = nullptr,
                             .segmentation = segmentation ? segmentation + pixels * i : nullptr};
        if (view.rgb || view.segmentation) renderer.Render(picture, camera, view);
      };
      draw(fixed, out.rgb_static, out.segmentation_static);
      draw(scene.model->gripper_camera(Unpack(state).X_WGripperCamera), out.rgb_gripper,
           out.segmentation_gripper);
    }
  }

  // Consecutive steps that are wanted at consecutive places come in one go.
  void Read(const Run& run) {
    const auto read = [&](const char* name, uint8_t* rgb, size_t bytes, size_t first, size_t count) {
      if (!rgb) return;
      const size_t i = run.frames[first];
      reader->ReadStoredRows(run.demo, name, frames[i].step, static_cast<int>(count),
                             std::as_writable_bytes(std::span(rgb + bytes * i, bytes * count)));
    };
    for (size_t first = 0, last = 0; first < run.frames.size(); first = last) {
      for (last = first + 1; last < run.frames.size(); ++last) {
        const size_t a = run.frames[last - 1], b = run.frames[last];
        if (b != a + 1 || frames[b].step != frames[a].step + 1) break;
      }
      read(kStoredStatic, out.rgb_static, kStaticBytes, first, last - first);
      read(kStoredGripper, out.rgb_gripper, kGripperBytes, first, last - first);
    }
  }

  const std::shared_ptr<const DemoReader> reader;
  const std::map<std::string, TabletopScene> scenes;
  const std::function<Camera(const Camera&, const DemoInfo&)> static_camera;
  const bool draw_all;

  std::mutex mutex;  // of what follows, as far as no call is under way
  std::condition_variable changed, finished;
  std::span<const FrameRef> frames;
  FrameArrays out;
  std::vector<Run> runs;
  std::atomic<size_t> next = 0;
  size_t busy = 0;  // threads that have not finished this call
  uint64_t generation = 0;
  bool quit = false;
  std::mutex error_mutex;
  std::exception_ptr error;

  std::vector<std::thread> threads;
};

FrameLoader::FrameLoader(std::shared_ptr<const DemoReader> reader,
                         std::map<std::string, TabletopScene> scenes, const FrameLoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(reader), std::move(scenes), options)) {}

FrameLoader::~FrameLoader() = default;

void FrameLoader::Load(std::span<const FrameRef> frames, const FrameArrays& out) { impl_->Load(frames, out); }

std::map<std::string, TabletopScene> LoadScenesOf(const DemoReader& reader, const std::string& scenes_dir,
                                                  const std::string& assets_dir) {
  std::map<std::string, TabletopScene> scenes;
  for (const DemoInfo& demo : reader.demos()) {
    if (demo.has_states && !scenes.contains(demo.scene))
      scenes.emplace(demo.scene, LoadTabletopScene(demo.scene, scenes_dir, assets_dir));
  }
  return scenes;
}

}  // namespace deerbench
