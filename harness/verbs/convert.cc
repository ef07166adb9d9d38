// deerbench convert: official checkpoints as folders that run here, and checkpoints of random weights. The
// work on official ones is Python's, which reads PyTorch's pickles (python/deerbench/convert).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/random_checkpoint.h"
#include "base/error.h"
#include "base/file.h"
#include "harness/eval_config.h"
#include "harness/resources.h"
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

// The part that needs no Python: `convert --random-weights PRESET`.
void WriteRandom(std::vector<std::string> arguments, const Program& program) {
  std::string preset, layers, out, seed = "1", shard_mib = "2048", scenes;
  CLI::App parser("Makes a checkpoint of random weights, for speed and memory", "deerbench convert");
  parser.add_option("--random-weights", preset, "3b, 9b or nano: the sizes")->required();
  parser.add_option("--layers", layers, "of the language model (default: the preset's)");
  parser.add_option("--out", out, "folder to write, new or empty")->required();
  parser.add_option("--seed", seed, "of the weights (default 1)");
  parser.add_option("--shard-mib", shard_mib, "largest file of weights (default 2048)");
  parser.add_option("--scenes", scenes,
                    "folder of our own scenes, with the tokenizer (default: as installed)");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    parser.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    PrintOutput(parser.help());
    return;
  } catch (const CLI::ParseError& error) {
    Fail(error.what());
  }
  const std::string tokenizer =
      ReadFile(FindScenes(scenes, program.env_scenes, program.executable) / "tokenizer.json");
  const AgentConfig config =
      RandomCheckpointConfig(preset, layers.empty() ? 0 : ParseInt("layers", layers, 1, 256), tokenizer);
  WriteRandomCheckpoint(
      out, config, tokenizer,
      {.seed = static_cast<uint64_t>(ParseInt("seed", seed, 0, 1 << 30)),
       .shard_bytes = static_cast<uint64_t>(ParseInt("shard_mib", shard_mib, 1, 1 << 20)) << 20});
  PrintError(fmt::format("{}: {} of random weights, {} MiB\n", out, config.name,
                         RandomCheckpointBytes(config) >> 20));
}

}  // namespace

void AddConvert(CLI::App& app, Program& program) {
  CLI::App* verb = app.add_subcommand("convert", "Make a checkpoint of official DeeR, CLIP and MPT files");
  verb->prefix_command();  // everything behind the verb, --help too, is Python's to read
  verb->set_help_flag();
  verb->callback([verb, &program] {
    const std::vector<std::string> arguments = verb->remaining();
    if (std::find(arguments.begin(), arguments.end(), "--random-weights") == arguments.end())
      RunPython(program.executable, arguments);
    WriteRandom(arguments, program);
  });
}

}  // namespace deerbench
