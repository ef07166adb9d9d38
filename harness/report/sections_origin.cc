// Where a run came from: settings, machine, digest, the command that repeats it.
#include <fmt/format.h>

#include <algorithm>

#include "harness/report/html.h"
#include "harness/report/sections.h"

namespace deerbench {
namespace {

// A word of a shell command.
std::string Quote(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string Command(const RunData& run) {
  std::string out = fmt::format("deerbench eval --split {} --policy {}", Quote(run.split), Quote(run.policy));
  for (const auto& [key, value] : run.policy_options) {
    std::string option = key;
    std::replace(option.begin(), option.end(), '_', '-');
    if (!value.empty()) out += fmt::format(" --{} {}", option, Quote(value));
  }
  out += fmt::format(" --chains {} --seed {}", run.chains, run.seed);
  if (!run.chain_set.empty() && run.chain_set != "evaluation")
    out += fmt::format(" --chain-set {}", Quote(run.chain_set));
  if (run.foreign_assets) out += " --assets \"$DEERBENCH_CALVIN_ASSETS\"";
  return out + " --out runs/again";
}

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string List(const std::string& title, const Rows& rows) {
  std::string out;
  for (const auto& [name, value] : rows) {
    if (!value.empty()) out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", Escape(name), Escape(value));
  }
  return out.empty() ? "" : fmt::format("<div><h3>{}</h3><dl>{}</dl></div>", title, out);
}

std::string Copyable(const std::string& title, const std::string& text) {
  if (text.empty()) return "";
  return fmt::format(R"(<div class="copy"><h3>{}</h3><div class="code"><code>{}</code>)"
                     R"(<button type="button" class="copier">Copy</button></div></div>)",
                     title, Escape(text));
}

}  // namespace

std::string OriginSection(const RunData& run) {
  std::string trained;
  for (const std::string& scene : run.train_scenes) trained += (trained.empty() ? "" : ", ") + scene;
  Rows settings = {
      {"Policy", run.policy},
      {"Split", SplitText(run.split)},
      {"Scene", run.scene},
      {"Trained on", trained},
      {"Chains", fmt::format("{} ({})", run.chains, run.chain_set.empty() ? "evaluation" : run.chain_set)},
      {"Seed", fmt::format("{}", run.seed)},
      {"Control steps", fmt::format("{}", run.steps)},
      {"Assets", run.foreign_assets ? "CALVIN's" : "deerbench's own"}};
  for (const auto& [key, value] : run.policy_options) {
    std::string name = TaskText(key);
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    settings.emplace_back(name, value);
  }
  Rows machine = run.machine;
  if (run.workers > 0) machine.emplace_back("Workers", fmt::format("{}", run.workers));
  machine.emplace_back("deerbench", run.version);
  return fmt::format(
      R"(<section class="card origin"><h2>Where this comes from</h2><div class="columns">{}{}</div>)"
      R"({}{}{}</section>)",
      List("Run", settings), List("Machine", machine), Copyable("Command", Command(run)),
      Copyable("Digest", run.digest), Copyable("Checkpoint (SHA-256)", run.checkpoint_sha256));
}

}  // namespace deerbench
