// What a verb of the program is: one file here that adds a subcommand, and one line in main.cc.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/terminal/progress.h"

namespace deerbench {

enum ExitCode { kDone = 0, kCheckFailed = 1, kBadInput = 2, kInterrupted = 3 };

// All that verbs may know of the outside, as main found it.
struct Program {
  std::filesystem::path executable;
  std::string env_scenes;  // DEERBENCH_SCENES
  std::string env_models;  // DEERBENCH_MODELS
  std::string env_assets;  // DEERBENCH_CALVIN_ASSETS
  Terminal terminal;
  int exit_code = kDone;  // set by the verb that ran
};

// Adds subcommands whose callbacks do the work. Errors are thrown: main prints them.
void AddBench(CLI::App& app, Program& program);
void AddCalibrate(CLI::App& app, Program& program);
void AddChains(CLI::App& app, Program& program);
void AddCollect(CLI::App& app, Program& program);
void AddCompare(CLI::App& app, Program& program);
void AddConvert(CLI::App& app, Program& program);
void AddDoctor(CLI::App& app, Program& program);
void AddEval(CLI::App& app, Program& program);
void AddInspect(CLI::App& app, Program& program);
void AddReplay(CLI::App& app, Program& program);
void AddReport(CLI::App& app, Program& program);
void AddTrain(CLI::App& app, Program& program);
void AddWorker(CLI::App& app, Program& program);

// Lines to people go to standard error, results for programs to standard output, which throws Error if they
// cannot be written.
void PrintError(const std::string& text);
void PrintOutput(const std::string& text);

}  // namespace deerbench
