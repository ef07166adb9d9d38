// The `deerbench` program. Here alone the environment is read and errors become exit codes: 0 done, 1 a check
// or comparison failed, 2 bad usage or input, 3 interrupted.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/version.h"
#include "harness/resources.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

constexpr auto kVerbs = {AddEval,      AddTrain,  AddCollect, AddConvert, AddInspect, AddReplay, AddCompare,
                         AddCalibrate, AddReport, AddChains,  AddBench,   AddDoctor,  AddWorker};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// "deerbench: error: " and one line, whatever the message holds.
void PrintOneLine(std::string message) {
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  while (!message.empty() && message.back() == ' ') message.pop_back();
  PrintError("deerbench: error: " + message + "\n");
}

// CLI11 would only say that a verb is missing.
void CheckVerb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (verb->get_name() == argv[1]) return;
    if (!verb->get_group().empty()) names.push_back(verb->get_name());
  }
  Fail(fmt::format("verb: '{}', expected one of {}", argv[1], fmt::join(names, ", ")));
}

// The innermost subcommand that was named: its help is the one to read.
std::string NamedCommand(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* verb : app.get_subcommands()) name += " " + NamedCommand(*verb);
  return name;
}

// Does what the command line says. Throws Error for what it cannot do.
int Run(int argc, char** argv) {
  Program program;
  program.executable = ExecutablePath();
  program.env_scenes = Environment("DEERBENCH_SCENES");
  program.env_models = Environment("DEERBENCH_MODELS");
  program.env_assets = Environment("DEERBENCH_CALVIN_ASSETS");
  program.terminal = QueryTerminal(!Environment("NO_COLOR").empty());

  CLI::App app("Benchmark for language-conditioned robot manipulation", "deerbench");
  app.set_version_flag("--version", std::string(Version()));
  app.require_subcommand(1);
  app.option_defaults()->take_last();
  for (const auto add : kVerbs) add(app, program);
  try {
    CheckVerb(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version
    std::ostringstream text;
    app.exit(request, text);
    PrintOutput(text.str());
  } catch (const CLI::ParseError& error) {
    Fail(fmt::format("{} (see {} --help)", error.what(), NamedCommand(app)));
  }
  return program.exit_code;
}

int Main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    PrintOneLine(error.what());
    return kBadInput;
  }
}

}  // namespace

void PrintError(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void PrintOutput(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    Fail(fmt::format("standard output: cannot be written: {}", std::strerror(errno)));
}

}  // namespace deerbench

int main(int argc, char** argv) { return deerbench::Main(argc, argv); }
