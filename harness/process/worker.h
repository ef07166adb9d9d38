// The worker's end of worker_pool.h.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

namespace deerbench {

using JobRunner = std::function<nlohmann::json(int job, const nlohmann::json& input)>;

// Serves this process's standard input and output until the input ends, then ends the process at once, in
// the middle of a job too: the supervisor is gone or wants no more. `prepare` makes the runner from the
// setup. An Error of either is reported to the supervisor. What else is printed goes to standard error.
[[noreturn]] void ServeJobs(const std::function<JobRunner(const nlohmann::json& setup)>& prepare);

}  // namespace deerbench
