// Pieces of HTML: escaping, numbers as people read them, pictures within the page.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/report/run_data.h"

namespace deerbench {

// Text for an element or a quoted attribute. Bytes that are not UTF-8 and control characters become U+FFFD.
std::string Escape(std::string_view text);

// "data:MIME;base64,..."
std::string DataUri(std::string_view mime, std::string_view bytes);

// "95.8 %"; none and all without digits after the point.
std::string Percent(double fraction);
// Three significant digits, never an exponent: "0.0123", "4.83", "1270".
std::string Figure(double value);
// "[94.1, 97.0]", both ends times `scale`; empty for none.
std::string IntervalText(const std::optional<Interval>& interval, double scale = 1, int decimals = 2);

// A number with the unit that keeps it readable.
struct Quantity {
  std::string value, unit;
};
Quantity Gmacs(double gmacs);      // MMACs below 0.1 GMACs, TMACs from 1000
Quantity Milliseconds(double ms);  // ns, µs below 0.1 ms, s from 10 s
Quantity Mebibytes(double mib);    // GiB from 1024
Quantity Duration(double s);       // s, min, h

// "D→D" for "D->D".
std::string SplitText(std::string_view split);
// "open drawer" for "open_drawer".
std::string TaskText(std::string_view task);

}  // namespace deerbench
