// deerbench convert: official checkpoints as folders that run here. The work is Python's, which reads
// PyTorch's pickles (python/deerbench/convert).
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

// Becomes the Python of the environment that the program is installed in, or else that of the search path.
[[noreturn]] void RunPython(const std::filesystem::path& executable, std::vector<std::string> arguments) {
  const std::filesystem::path beside = executable.parent_path() / "python3";
  const std::string python = std::filesystem::exists(beside) ? beside.string() : "python3";
  arguments.insert(arguments.begin(), {python, "-m", "deerbench.convert"});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execvp(python.c_str(), argv.data());
  Fail(fmt::format("convert: {}: {}, expected a Python with the deerbench package", python,
                   std::strerror(errno)));
}

}  // namespace

void AddConvert(CLI::App& app, Program& program) {
  CLI::App* verb = app.add_subcommand("convert", "Make a checkpoint of official DeeR, CLIP and MPT files");
  verb->prefix_command();  // everything behind the verb, --help too, is Python's to read
  verb->set_help_flag();
  verb->callback([verb, &program] { RunPython(program.executable, verb->remaining()); });
}

}  // namespace deerbench
