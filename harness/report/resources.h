// The style sheet and the script of a report, compiled in from report.css and report.js.
#pragma once

#include <string_view>

namespace deerbench {

extern const std::string_view kReportCss;
extern const std::string_view kReportJs;

}  // namespace deerbench
