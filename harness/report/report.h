// The HTML page about one or several runs: one file without references, to be looked at, sent and printed.
#pragma once

#include <filesystem>
#include <vector>

namespace deerbench {

struct ReportOptions {
  int gallery_chains = 12;  // a run: chains that are shown with their key frames
  int videos = 6;           // a run
};

// Reads each folder's summary.json, episodes.jsonl and media, and writes the page whole or not at all. With
// several folders the page compares them, the first being the base. Throws Error naming file and field for
// folders that are no finished runs, pictures that cannot be read, and an output that cannot be written.
void WriteReport(const std::vector<std::filesystem::path>& run_folders, const std::filesystem::path& out_html,
                 const ReportOptions& options = {});

}  // namespace deerbench
