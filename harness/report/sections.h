// The parts of a report's page, each an HTML fragment. A part about something that a run did not count is
// empty.
#pragma once

#include <string>
#include <vector>

#include "harness/report/report.h"
#include "harness/report/run_data.h"

namespace deerbench {

// What a run is called on the page: "expert on D→D", or its folder's name among several.
std::string RunTitle(const RunData& run);

// sections_result.cc
std::string HeadlineSection(const RunData& run);
std::string TaskSection(const RunData& run);
std::string ChainMapSection(const RunData& run);

// sections_cost.cc
std::string TileSection(const RunData& run);
std::string CostSection(const RunData& run);

// sections_media.cc
std::string VideoSection(const RunData& run, const ReportOptions& options);
std::string GallerySection(const RunData& run, const ReportOptions& options);

// sections_origin.cc
std::string OriginSection(const RunData& run);

// sections_compare.cc: of two and more runs, the first being the base.
std::string CompareSection(const std::vector<RunData>& runs);

// Tasks by family, families in the order of the task table, the most successful task first.
struct FamilyRates {
  std::string title;
  std::vector<TaskRate> tasks;
};
std::vector<FamilyRates> GroupByFamily(const std::vector<TaskRate>& tasks);

}  // namespace deerbench
