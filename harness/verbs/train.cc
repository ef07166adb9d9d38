// deerbench train: from a recipe to a checkpoint.
#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <memory>

#include "base/error.h"
#include "harness/machine.h"
#include "harness/process/interrupt.h"
#include "harness/report/training_page.h"
#include "harness/resources.h"
#include "harness/tensors/tensor_plugin.h"
#include "harness/training/training.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

struct Settings {
  std::string recipe, scenes, assets;
  TrainingRequest request;
};

class TerminalMonitor final : public TrainingMonitor {
 public:
  TerminalMonitor(const Terminal& terminal, int interrupt_fd, double minutes)
      : terminal_(terminal), interrupt_fd_(interrupt_fd), minutes_(minutes) {}

  void Begin(const std::string& title, const std::string& unit, int total, int done) override {
    bar_.reset();
    PrintError(fmt::format("{}: {} {}{}\n", title, total, unit,
                           done > 0 ? fmt::format(", {} done before", done) : ""));
    bar_ = std::make_unique<ProgressBar>(terminal_, unit, total, done);
  }
  void Update(int done, const std::string& note) override {
    if (bar_) bar_->Update(done, note);
  }
  void Print(const std::string& line) override {
    if (bar_)
      bar_->Print(line);
    else
      PrintError(line + "\n");
  }
  bool Stop() override {
    if (bar_) bar_->Tick();
    pollfd fd = {interrupt_fd_, POLLIN, 0};
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
    return poll(&fd, 1, 0) > 0 || (minutes_ > 0 && elapsed.count() > 60 * minutes_);
  }
  void Finish() { bar_.reset(); }

 private:
  Terminal terminal_;
  int interrupt_fd_;
  double minutes_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::unique_ptr<ProgressBar> bar_;
};

// A file, or the name of a recipe that comes with the program: beside the shipped checkpoints or, in a source
// tree, beside the scenes.
std::filesystem::path FindRecipe(const std::string& asked, const std::filesystem::path& scenes,
                                 const Program& program) {
  if (std::filesystem::is_regular_file(asked)) return asked;
  std::string places;
  for (const std::filesystem::path& models :
       {FindModels(program.executable), scenes.lexically_normal().parent_path() / "models"}) {
    if (models.empty()) continue;
    const std::filesystem::path recipe = models / "recipes" / (asked + ".yaml");
    if (std::filesystem::is_regular_file(recipe)) return recipe;
    places += (places.empty() ? "" : " or ") + recipe.parent_path().string();
  }
  Fail(fmt::format("recipe: '{}', expected a YAML file or the name of one in {}", asked, places));
}

int Run(const Settings& settings, const Program& program) {
  TrainingRequest request = settings.request;
  request.scenes_dir = FindScenes(settings.scenes, program.env_scenes, program.executable).string();
  request.recipe = FindRecipe(settings.recipe, request.scenes_dir, program);
  request.assets_dir = settings.assets;
  if (request.threads == 0) request.threads = QueryMachine().cores;
  const InterruptPipe interrupt;
  TerminalMonitor monitor(program.terminal, interrupt.fd(), request.minutes);
  const bool done =
      OpenTensorPlugin(FindLibrary(kTensorPluginFile, program.executable)).Train(request, monitor);
  monitor.Finish();
  const std::filesystem::path page = request.out / "training.html";
  WriteTrainingPage(request.out / "metrics.jsonl", page, request.out.filename().string());
  PrintError(fmt::format("curves   {}\n", page.string()));
  if (done) return kDone;
  PrintError(
      fmt::format("deerbench: interrupted; {} keeps what was done: the same command with --resume goes on\n",
                  request.out.string()));
  return kInterrupted;
}

}  // namespace

void AddTrain(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb =
      app.add_subcommand("train", "Train an agent by a recipe: data, vision encoder, cloning, DAgger");
  verb->add_option("--recipe", settings->recipe, "YAML file, or the name of a recipe in models/recipes")
      ->required();
  verb->add_option("--out", settings->request.out, "Folder for data, states, metrics and the checkpoint")
      ->required();
  verb->add_flag("--resume", settings->request.resume, "Go on with what is in the folder");
  verb->add_option(
          "--stage", settings->request.stage,
          "Only this stage: data, vision, tokens, bc, dagger, deepen, export (default: all that are not done)")
      ->check(CLI::IsMember({"data", "vision", "tokens", "bc", "dagger", "deepen", "export"}));
  verb->add_option("--minutes", settings->request.minutes,
                   "Stop after so long, resumable (default: at the end)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--threads", settings->request.threads, "Threads (default: one a core)")
      ->check(CLI::Range(0, 1024));
  verb->add_option("--device", settings->request.device, "cpu or cuda (default: cuda where there is one)")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  verb->add_option("--scenes", settings->scenes, "Folder of our scenes");
  verb->add_option("--assets", settings->assets, "CALVIN's data folder, for its scenes");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
