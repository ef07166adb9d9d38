#include "harness/process/worker_pool.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr int kTick_ms = 100;
constexpr int kAttempts = 2;  // workers that a job may cost

}  // namespace

WorkerPool::WorkerPool(WorkerPoolOptions options) : options_(std::move(options)) { Spawn(); }

WorkerPool::~WorkerPool() {
  // All at once, then wait for each.
  for (Worker& worker : workers_) worker.process->CloseInput();
}

void WorkerPool::Spawn() {
  Worker& worker = workers_.emplace_back();
  worker.process = std::make_unique<ChildProcess>(options_.argv);
  worker.process->SendLine(options_.setup);  // if it is gone already, its output says so
}

bool WorkerPool::WaitForOutput(int timeout_ms) {
  std::vector<pollfd> polled;
  for (const Worker& worker : workers_) polled.push_back({worker.process->output_fd(), POLLIN, 0});
  polled.push_back({options_.interrupt_fd, POLLIN, 0});  // poll ignores -1
  const int count = poll(polled.data(), polled.size(), timeout_ms);
  if (count < 0 && errno != EINTR) Fail("poll failed");
  readable_.assign(workers_.size(), false);
  if (count <= 0) return true;
  for (size_t i = 0; i < workers_.size(); ++i) readable_[i] = polled[i].revents != 0;
  return polled.back().revents == 0;
}

bool WorkerPool::WaitUntilReady() {
  while (!workers_.front().ready) {
    if (!WaitForOutput(-1)) return false;
    if (!readable_[0]) continue;
    Worker& worker = workers_.front();
    if (!worker.process->ReadSome())
      Fail(fmt::format("worker process: {} before it was ready", worker.process->Wait()));
    while (const auto line = worker.process->TakeLine()) Handle(worker, nlohmann::json::parse(*line), {});
  }
  return true;
}

void WorkerPool::Handle(Worker& worker, const nlohmann::json& message, const WorkerEvents& events) {
  if (message.contains("error")) Fail(message["error"].get<std::string>());
  if (message.contains("ready")) worker.ready = true;
  if (message.contains("result")) {
    worker.job.reset();
    events.on_result(message.at("job"), message["result"]);
  }
}

void WorkerPool::Assign(Worker& worker) {
  if (!worker.ready || worker.job || waiting_.empty()) return;
  worker.job = std::move(waiting_.front());
  waiting_.pop_front();
  worker.process->SendLine(nlohmann::json{{"job", worker.job->id}, {"input", worker.job->input}}.dump());
}

// Removes a worker that has ended and sees to its job.
void WorkerPool::Bury(Worker& worker, const WorkerEvents& events) {
  const pid_t pid = worker.process->pid();
  const std::string end = worker.process->Wait();
  std::optional<WorkerJob> job = std::move(worker.job);
  const bool ready = worker.ready;
  workers_.erase(workers_.begin() + (&worker - workers_.data()));
  const std::string work = job     ? fmt::format("{} {}", options_.job_name, job->id)
                           : ready ? "no work"
                                   : "its setup";
  if (++deaths_[job ? job->id : -1] == kAttempts)
    Fail(fmt::format("worker process {}: ended with {} at {}, as one before it did, expected an answer", pid,
                     end, work));
  if (job) waiting_.push_front(std::move(*job));
  events.on_trouble(
      fmt::format("worker process {} ended with {} at {}; a new one takes its place", pid, end, work));
}

bool WorkerPool::Run(std::vector<WorkerJob> jobs, const WorkerEvents& events) {
  waiting_.assign(std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end()));
  const auto busy = [&] {
    return std::count_if(workers_.begin(), workers_.end(),
                         [](const Worker& worker) { return worker.job.has_value(); });
  };
  while (!waiting_.empty() || busy() > 0) {
    // As many workers as there is work for; lost ones are replaced here too.
    const size_t wanted = std::min<size_t>(options_.workers, waiting_.size() + busy());
    while (workers_.size() < wanted) Spawn();
    for (Worker& worker : workers_) Assign(worker);
    if (!WaitForOutput(kTick_ms)) {
      workers_.clear();
      return false;
    }
    // Backwards: a worker that is removed moves those behind it.
    for (size_t i = workers_.size(); i-- > 0;) {
      if (!readable_[i]) continue;
      Worker& worker = workers_[i];
      const bool alive = worker.process->ReadSome();
      while (const auto line = worker.process->TakeLine())
        Handle(worker, nlohmann::json::parse(*line), events);
      if (!alive) Bury(worker, events);
    }
    if (events.on_tick) events.on_tick();
  }
  return true;
}

}  // namespace deerbench
