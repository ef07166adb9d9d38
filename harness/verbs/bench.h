// What the verbs below `bench` share. Each is one file bench_*.cc and one entry in bench.cc.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/bench/measure.h"
#include "harness/verbs/verb.h"
#include "sim/env/tabletop.h"

namespace deerbench {

struct BenchSettings {
  std::string scene = "D";
  std::string scenes, assets;
  bool json = false;
};

void AddBenchFrames(CLI::App& bench, Program& program);
void AddBenchAgent(CLI::App& bench, Program& program);
void AddBenchRender(CLI::App& bench, Program& program);
void AddBenchSim(CLI::App& bench, Program& program);

// Adds a verb with the common options.
CLI::App* AddBenchVerb(CLI::App& bench, const std::string& name, const std::string& help,
                       BenchSettings& settings);

TabletopScene LoadBenchScene(const BenchSettings& settings, const Program& program);

// `figures` and the GPU's name are for programs alone.
void PrintTimings(const std::string& title, const std::vector<Timing>& timings, const BenchSettings& settings,
                  const Program& program, const std::map<std::string, double>& figures = {},
                  const std::string& gpu = "");

}  // namespace deerbench
