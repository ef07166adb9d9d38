// deerbench worker: the other end of `eval`'s pipes, not for people.
#include "harness/process/worker.h"
#include "harness/evaluation.h"
#include "harness/verbs/verb.h"

namespace deerbench {

void AddWorker(CLI::App& app, Program&) {
  CLI::App* verb = app.add_subcommand("worker", "Serve an evaluation over standard input and output");
  verb->group("");  // hidden
  verb->callback([] { ServeJobs(PrepareEvalWorker); });
}

}  // namespace deerbench
