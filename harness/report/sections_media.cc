// What a run looked like: videos, and chains as key frames.
#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/png.h"
#include "harness/report/html.h"
#include "harness/report/recorder.h"
#include "harness/report/sections.h"
#include "harness/report/strip.h"
#include "harness/report/webp.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

// A dot a subtask: done, failed, not reached.
std::string Pips(const ChainResult& chain) {
  const size_t length = std::max(chain.tasks.size(), chain.subtasks.size());
  std::string out =
      fmt::format(R"(<span class="pips" role="img" aria-label="{} of {} done">)", chain.success, length);
  for (size_t i = 0; i < length; ++i) {
    const bool done = static_cast<int>(i) < chain.success;
    out += fmt::format(R"(<i class="{}"></i>)", done                        ? "done"
                                                : i < chain.subtasks.size() ? "failed"
                                                                            : "open");
  }
  return out + "</span>";
}

std::string Badge(bool success) {
  return success ? R"(<span class="badge good" role="img" aria-label="done">✓</span>)"
                 : R"(<span class="badge bad" role="img" aria-label="failed">✗</span>)";
}

// The key frames of each of a chain's subtasks as images within the page.
std::vector<std::string> StripImages(const RunData& run, const ChainResult& chain) {
  const PngImage png = ReadPng(run.folder / StripFileName(chain.index), 3);
  std::vector<std::string> rows;
  for (const std::vector<Picture>& row : CutStrip(Picture(PictureView{png.width, png.height, png.pixels}))) {
    std::string images;
    for (const Picture& cell : row) {
      images += fmt::format(R"(<img loading="lazy" width="{0}" height="{0}" alt="" src="{1}">)",
                            StripLayout::kCell, DataUri("image/webp", EncodeWebp(cell.view())));
    }
    rows.push_back(std::move(images));
  }
  return rows;
}

std::string ChainCard(const RunData& run, const ChainResult& chain) {
  const std::vector<std::string> images = StripImages(run, chain);
  std::string out = fmt::format(
      R"(<article class="card chain"><header><h3>Chain {}</h3>{}<span class="dim">{} of {} done)"
      R"(</span></header><ol>)",
      chain.index, Pips(chain), chain.success, std::max(chain.tasks.size(), chain.subtasks.size()));
  for (size_t i = 0; i < chain.subtasks.size(); ++i) {
    const SubtaskResult& subtask = chain.subtasks[i];
    const std::string why =
        subtask.reason.empty() ? "" : fmt::format(R"( <span class="why">{}</span>)", Escape(subtask.reason));
    out +=
        fmt::format(R"(<li><div class="line">{}<span class="said">{}</span><span class="dim task">{}</span>)"
                    R"(<span class="dim steps">{} steps</span>{}</div>)",
                    Badge(subtask.success), Escape(subtask.instruction), Escape(TaskText(subtask.task)),
                    subtask.steps, why);
    if (i < images.size())
      out += fmt::format(
          R"(<div class="strip" role="img" aria-label="Key frames from start to end">{}</div>)", images[i]);
    out += "</li>";
  }
  out += "</ol>";
  std::string rest;
  for (size_t i = chain.subtasks.size(); i < chain.tasks.size(); ++i) {
    rest += (rest.empty() ? "" : ", ") + Escape(TaskText(chain.tasks[i]));
  }
  if (!rest.empty()) out += fmt::format(R"(<p class="dim rest">Not reached: {}</p>)", rest);
  return out + "</article>";
}

// Up to `count` of the chains that have pictures: as many failed as complete ones, if there are, in index
// order.
std::vector<const ChainResult*> ChooseChains(const RunData& run, int count) {
  std::vector<const ChainResult*> failed, complete;
  for (const ChainResult& chain : run.episodes) {
    if (!fs::exists(run.folder / StripFileName(chain.index))) continue;
    (chain.success < static_cast<int>(run.success_rate_at.size()) ? failed : complete).push_back(&chain);
  }
  const auto wanted = static_cast<size_t>(std::max(0, count));
  const size_t failures =
      std::min(failed.size(), std::max(wanted / 2, wanted - std::min(wanted, complete.size())));
  failed.resize(failures);
  complete.resize(std::min(complete.size(), wanted - failures));
  failed.insert(failed.end(), complete.begin(), complete.end());
  std::sort(failed.begin(), failed.end(), [](const auto* a, const auto* b) { return a->index < b->index; });
  return failed;
}

}  // namespace

std::string VideoSection(const RunData& run, const ReportOptions& options) {
  std::string videos, buttons;
  int count = 0;
  for (const ChainResult& chain : run.episodes) {
    const fs::path path = run.folder / VideoFileName(chain.index);
    if (count == options.videos || !fs::exists(path)) continue;
    videos += fmt::format(R"(<video controls muted playsinline preload="metadata" width="832" height="480" )"
                          R"(aria-label="Chain {}"{} src="{}">)"
                          R"(</video>)",
                          chain.index, count == 0 ? "" : " hidden", DataUri("video/webm", ReadFile(path)));
    buttons += fmt::format(R"(<button type="button" aria-pressed="{}">Chain {} {}</button>)", count == 0,
                           chain.index, Pips(chain));
    ++count;
  }
  if (count == 0) return "";
  if (count == 1) buttons.clear();
  return fmt::format(R"(<section class="card player"><h2>Video</h2>{}<div class="choose">{}</div></section>)",
                     videos, buttons);
}

std::string GallerySection(const RunData& run, const ReportOptions& options) {
  const std::vector<const ChainResult*> chosen = ChooseChains(run, options.gallery_chains);
  if (chosen.empty()) return "";
  std::string out =
      R"(<section class="gallery"><h2>Chains</h2><p class="dim">Key frames from start to end with )"
      R"(the gripper's view and the step's number, for some of the chains</p>)";
  for (const ChainResult* chain : chosen) out += ChainCard(run, *chain);
  return out + "</section>";
}

}  // namespace deerbench
