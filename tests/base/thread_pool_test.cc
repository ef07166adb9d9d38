#include "base/thread_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"

namespace deerbench {
namespace {

TEST_CASE("every job is done once, by any number of threads, round after round") {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (const int jobs : {0, 1, 3, 1000}) {
      std::vector<int> done(static_cast<size_t>(jobs), 0);
      std::atomic<bool> threads_are_in_range = true;
      pool.Run(jobs, [&](int job, int thread) {
        ++done[static_cast<size_t>(job)];
        if (thread < 0 || thread >= threads) threads_are_in_range = false;
      });
      CHECK(threads_are_in_range);
      CHECK(done == std::vector<int>(static_cast<size_t>(jobs), 1));
    }
  }
}

TEST_CASE("no two jobs of one thread run at once") {
  ThreadPool pool(4);
  std::vector<int> in_use(4, 0);
  std::atomic<int> clashes = 0;
  pool.Run(2000, [&](int, int thread) {
    if (in_use[static_cast<size_t>(thread)]++ != 0) ++clashes;
    --in_use[static_cast<size_t>(thread)];
  });
  CHECK(clashes == 0);
}

TEST_CASE("the error of the lowest job is thrown, the other jobs are done, and the pool goes on") {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    std::atomic<int> done = 0;
    std::string message;
    try {
      pool.Run(100, [&](int job, int) {
        if (job % 10 == 7) throw std::runtime_error(std::to_string(job));
        ++done;
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "7");
    CHECK(done == 90);
    pool.Run(5, [&](int, int) { ++done; });
    CHECK(done == 95);
  }
}

TEST_CASE("a pool needs at least one thread") {
  CHECK_THROWS_AS(ThreadPool(0), Error);
  CHECK_THROWS_AS(ThreadPool(-2), Error);
  CHECK(UsableCores() >= 1);
}

}  // namespace
}  // namespace deerbench
