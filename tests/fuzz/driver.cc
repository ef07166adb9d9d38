// A small stand-in for libFuzzer, for compilers without it: mutates inputs and keeps those that take new ways
// through the readers. The same seed tries the same inputs in the same order.
//
//   fuzz_TARGET [-seed=N] [-max_total_time=SECONDS] [-runs=N] [-write_corpus=FOLDER] [FILE ...]
//
// Files are tried as they are, once each: that is how a finding is shown again. An input that a sanitiser or
// a signal ends the program for, that takes longer than ten seconds, or for which a reader asks for absurdly
// much memory is left in crash-TARGET beside the program's working folder.
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "tests/fuzz/coverage.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/mutator.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
// Of sanitizer/allocator_interface.h, which GCC 12 does not install.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, size_t),
                                                         void (*on_free)(const volatile void*));
#endif

namespace {

using namespace deerbench::fuzz;
using Clock = std::chrono::steady_clock;

constexpr size_t kMaxBytes = 1 << 16;
constexpr int kMaxSeconds = 10;  // of the processor, for one input
constexpr size_t kMaxKept = 4096;

const uint8_t* current_data = nullptr;
size_t current_size = 0;
size_t allocation_limit = SIZE_MAX;
char crash_file[256];

// Async-signal-safe.
void KeepCurrentInput() {
  const int file = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  for (size_t done = 0; done < current_size;) {
    const ssize_t wrote = write(file, current_data + done, current_size - done);
    if (wrote <= 0) break;
    done += static_cast<size_t>(wrote);
  }
  close(file);
}

[[noreturn]] void StopFor(const char* why) {
  KeepCurrentInput();
  static_cast<void>(!write(STDERR_FILENO, why, std::strlen(why)));
  std::abort();
}

// Every allocation of the readers and the libraries below them passes here.
[[maybe_unused]] void OnAllocation(const volatile void*, size_t size) {
  if (size > allocation_limit) StopFor("\nfuzz: a reader asks for more memory than its input justifies\n");
}

[[maybe_unused]] void OnSignal(int number) {
  KeepCurrentInput();
  const char* text = number == SIGPROF ? "\nfuzz: an input takes too long\n" : "\nfuzz: an input crashed\n";
  static_cast<void>(!write(STDERR_FILENO, text, std::strlen(text)));
  _exit(1);
}

// Raises SIGPROF after so many seconds; never for 0.
void SetTimer(int seconds) {
  const itimerval timer{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
  setitimer(ITIMER_PROF, &timer, nullptr);
}

void Try(const std::string& input) {
  // A copy of the right size, so that a read past its end is seen.
  std::vector<uint8_t> bytes(input.begin(), input.end());
  current_data = bytes.data();
  current_size = bytes.size();
  SetTimer(kMaxSeconds);
  allocation_limit = AllocationLimit(bytes.size());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  allocation_limit = SIZE_MAX;
  SetTimer(0);
  current_size = 0;
}

struct Options {
  uint64_t seed = 1;
  double max_total_time = 30;
  uint64_t runs = UINT64_MAX;
  std::string write_corpus;
  std::vector<std::string> files;
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string_view key = argument.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? "" : argument.substr(equals + 1));
    if (key == "-seed") {
      options.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (key == "-max_total_time") {
      options.max_total_time = std::strtod(value.c_str(), nullptr);
    } else if (key == "-runs") {
      options.runs = std::strtoull(value.c_str(), nullptr, 10);
    } else if (key == "-write_corpus") {
      options.write_corpus = value;
    } else if (argument.starts_with('-')) {
      std::fprintf(stderr, "fuzz: unknown option %s\n", argv[i]);
      std::exit(2);
    } else {
      options.files.emplace_back(argument);
    }
  }
  return options;
}

std::string ReadBytes(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "fuzz: cannot read %s\n", file.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

void Fuzz(const Options& options, std::vector<std::string> corpus) {
  const auto start = Clock::now();
  const auto elapsed_s = [start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  for (const std::string& seed : corpus) {
    ForgetCoverage();
    Try(seed);
    FoundNewCoverage();
  }
  const size_t seeds = corpus.size();
  deerbench::SplitMix64 random(options.seed);
  Mutator mutator(options.seed + 1, Dictionary(), kMaxBytes);
  uint64_t runs = 0;
  for (; runs < options.runs && elapsed_s() < options.max_total_time; ++runs) {
    // What was found last leads on; every seed has its turn.
    const bool recent = corpus.size() > seeds && random.Below(2) == 0;
    const size_t tail = std::min<size_t>(corpus.size(), 64);
    const size_t at = recent ? corpus.size() - 1 - random.Below(tail) : random.Below(corpus.size());
    std::string input = mutator.Mutate(corpus[at], corpus[random.Below(corpus.size())]);
    ForgetCoverage();
    Try(input);
    if (FoundNewCoverage() && corpus.size() < kMaxKept) corpus.push_back(std::move(input));
  }
  std::printf(
      "fuzz: %llu inputs in %.1f s from %zu seeds (seed %llu), %zu kept, %d places covered; no finding\n",
      static_cast<unsigned long long>(runs), elapsed_s(), seeds,
      static_cast<unsigned long long>(options.seed), corpus.size() - seeds, CoveredPlaces());
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  std::snprintf(crash_file, sizeof(crash_file), "crash-%s",
                std::filesystem::path(argv[0]).filename().c_str());
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(KeepCurrentInput);
  __sanitizer_install_malloc_and_free_hooks(OnAllocation, [](const volatile void*) {});
#else
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(number, OnSignal);
#endif
  std::signal(SIGPROF, OnSignal);
  if (!options.files.empty()) {
    for (const std::string& file : options.files) Try(ReadBytes(file));
    std::printf("fuzz: %zu files; no finding\n", options.files.size());
    return 0;
  }
  std::vector<std::string> corpus;
  try {
    corpus = Seeds();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz: %s\n", error.what());
    return 2;
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "fuzz: no seeds\n");
    return 1;
  }
  if (!options.write_corpus.empty()) {
    std::filesystem::create_directories(options.write_corpus);
    for (size_t i = 0; i < corpus.size(); ++i)
      std::ofstream(options.write_corpus + "/seed-" + std::to_string(i), std::ios::binary) << corpus[i];
    return 0;
  }
  Fuzz(options, std::move(corpus));
  return 0;
}
