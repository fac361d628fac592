// The simulation from the command line:
//   [BDAAS_SIM_SEEDS=N] simulation [--first S] [--seeds N] [--trace]
// One line per failing seed, the end of its trace, and the command that repeats it. Exit code 1
// then. With --trace the whole trace of every seed is printed.

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "simulation.h"

namespace {

using bdaas::Sabotage;
using bdaas::Simulation;

constexpr std::size_t kTailLines = 80;

struct Wanted {
  unsigned long long first = 1;
  unsigned long long seeds = SIM_SEEDS;
  bool trace = false;
};

bool read_number(std::string_view text, unsigned long long& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_flags(int argc, char** argv, Wanted& wanted) {
  const char* seeds = std::getenv("BDAAS_SIM_SEEDS");
  if (seeds != nullptr && !read_number(seeds, wanted.seeds)) return false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--trace") {
      wanted.trace = true;
    } else if (i + 1 < argc && flag == "--first") {
      if (!read_number(argv[++i], wanted.first)) return false;
    } else if (i + 1 < argc && flag == "--seeds") {
      if (!read_number(argv[++i], wanted.seeds)) return false;
    } else {
      return false;
    }
  }
  return true;
}

std::string run(unsigned long long seed, std::vector<std::string>* trace) {
  Sabotage none;
  Simulation simulation(seed, bdaas::life_of(seed), none);
  simulation.scene().tracing = trace != nullptr;
  const std::string violation = simulation.run();
  if (trace != nullptr) *trace = simulation.scene().lines;
  return violation;
}

void print_trace(const std::vector<std::string>& trace, std::size_t lines) {
  const std::size_t from = trace.size() > lines ? trace.size() - lines : 0;
  for (std::size_t i = from; i < trace.size(); ++i) std::printf("  %s\n", trace[i].c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Wanted wanted;
  if (!read_flags(argc, argv, wanted)) {
    std::fprintf(stderr, "usage: %s [--first S] [--seeds N] [--trace]\n", argv[0]);
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  int failed = 0;
  for (auto seed = wanted.first; seed < wanted.first + wanted.seeds; ++seed) {
    std::vector<std::string> trace;
    const std::string violation = run(seed, wanted.trace ? &trace : nullptr);
    if (wanted.trace) print_trace(trace, trace.size());
    if (violation.empty()) continue;
    ++failed;
    std::printf("seed %llu: %s\n", seed, violation.c_str());
    if (!wanted.trace) {
      run(seed, &trace);
      print_trace(trace, kTailLines);
    }
    std::printf("again: %s --first %llu --seeds 1 --trace\n", argv[0], seed);
    if (failed == 10) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%llu seeds from %llu, %d failed, %.1f s\n", wanted.seeds, wanted.first, failed,
              took.count());
  return failed == 0 ? 0 : 1;
}
