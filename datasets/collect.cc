#include "datasets/collect.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "datasets/rollout.h"

namespace deerbench {
namespace {

constexpr int kFruitlessUnits = 200;  // in a row: then something is wrong
constexpr std::chrono::milliseconds kTick{100};

// Plans units, has threads carry them out, hands the outcomes back in order.
class Crew {
 public:
  Crew(const CollectRequest& request, CollectPlan plan) : request_(request), plan_(std::move(plan)) {
    next_ = plan_.reported();
    for (int i = 0; i < request.workers; ++i) threads_.emplace_back([this] { Work(); });
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    {
      const std::lock_guard lock(mutex_);  // else a thread that has just looked would sleep on
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  struct Done {
    CollectUnit unit;
    UnitOutcome outcome;
  };

  // The next unit in order, or nothing if it is not done within a tick. Throws what a thread threw.
  std::optional<Done> Take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kTick, [&] { return error_ || done_.contains(next_); });
    if (error_) std::rethrow_exception(error_);
    const auto found = done_.find(next_);
    if (found == done_.end()) return std::nullopt;
    Done done = std::move(found->second);
    done_.erase(found);
    ++next_;
    return done;
  }

  void Report(const std::vector<TaskId>& recorded) {
    {
      const std::lock_guard lock(mutex_);
      plan_.Report(recorded);
    }
    changed_.notify_all();
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stop_ || error_ || plan_.ready(); });
      if (stop_ || error_) return;
      try {
        Done done{.unit = plan_.Next(), .outcome = {}};
        lock.unlock();
        done.outcome = CarryOut(request_.scenes[static_cast<size_t>(done.unit.scene)], request_.settings,
                                done.unit, *request_.instructions, stop_);
        lock.lock();
        done_.emplace(done.unit.index, std::move(done));
      } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        error_ = std::current_exception();
      }
      changed_.notify_all();
    }
  }

  const CollectRequest& request_;
  std::mutex mutex_;
  std::condition_variable changed_;
  CollectPlan plan_;
  std::map<int64_t, Done> done_;
  int64_t next_ = 0;
  std::exception_ptr error_;
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

std::vector<TaskId> TasksOf(const std::vector<Demonstration>& demos) {
  std::vector<TaskId> tasks;
  for (const Demonstration& demo : demos) tasks.push_back(demo.info.task);
  return tasks;
}

// Where a file's last unit was broken off: `done` demonstrations of it are there.
struct Position {
  int64_t unit = 0;
  size_t done = 0;
};

// Plans once more what the file holds.
Position Replay(const std::vector<DemoInfo>& demos, CollectPlan& plan) {
  if (demos.empty()) return {};
  Position position{.unit = demos.back().unit, .done = 0};
  size_t next = 0;
  while (plan.reported() < position.unit) {
    while (plan.ready() && plan.planned() < position.unit) plan.Next();
    std::vector<TaskId> recorded;
    for (; next < demos.size() && demos[next].unit == plan.reported(); ++next)
      recorded.push_back(demos[next].task);
    plan.Report(recorded);
  }
  position.done = demos.size() - next;
  for (; next < demos.size(); ++next) {
    if (demos[next].unit != position.unit)
      Fail(fmt::format("demo_{}: is of unit {}, expected units in ascending order", next, demos[next].unit));
  }
  return position;
}

}  // namespace

void RequireSameSettings(const DemoWriter& writer, const CollectSettings& settings) {
  const std::string now = ToJson(settings);
  if (writer.settings() == now) return;
  Fail(fmt::format("settings: the file was made with {}, expected the same as now: {}", writer.settings(),
                   now));
}

bool Collect(const CollectRequest& request, DemoWriter& writer, const CollectEvents& events,
             CollectTally& tally) {
  if (request.count < 1) Fail(fmt::format("count: is {}, expected 1 or more", request.count));
  if (request.workers < 1 || request.workers > CollectPlan::kLag)
    Fail(fmt::format("workers: is {}, expected 1 to {}", request.workers, CollectPlan::kLag));
  RequireSameSettings(writer, request.settings);
  CollectPlan plan(request.settings);
  const auto complete = [&] { return static_cast<int>(writer.demos().size()) >= request.count; };
  if (complete()) return true;
  const Position position = Replay(writer.demos(), plan);
  Crew crew(request, std::move(plan));
  int fruitless = 0;
  while (true) {
    if (events.on_tick && events.on_tick()) return false;
    const std::optional<Crew::Done> done = crew.Take();
    if (!done) continue;
    const UnitOutcome& outcome = done->outcome;
    ++tally.units;
    for (int i = 0; i < outcome.attempted; ++i) {
      const auto task = static_cast<size_t>(done->unit.tasks[static_cast<size_t>(i)]);
      ++tally.attempts[task];
      tally.successes[task] += i + 1 < outcome.attempted || !outcome.failed;
    }
    const size_t skip = done->unit.index == position.unit ? position.done : 0;
    for (size_t i = skip; i < outcome.demos.size(); ++i) {
      writer.Append(outcome.demos[i]);
      if (events.on_demo) events.on_demo(writer, tally);
      if (complete()) return true;
    }
    fruitless = outcome.demos.empty() ? fruitless + 1 : 0;
    if (fruitless == kFruitlessUnits) {
      Fail(fmt::format("collect: {} worlds in a row gave no demonstration; the last failed at {}{}{}",
                       fruitless, outcome.failed ? Tasks()[static_cast<size_t>(*outcome.failed)].name : "?",
                       outcome.problem.empty() ? "" : ": ", outcome.problem));
    }
    crew.Report(TasksOf(outcome.demos));
  }
}

}  // namespace deerbench
