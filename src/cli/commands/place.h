#pragma once
// Options that describe a cluster or a program run, shared by `run`, `clusters create` and `steps
// add`.

#include <array>

#include "cli/command.h"
#include "model/nouns.h"

namespace bdaas::cli {

inline constexpr Option kWorkers{"--workers", "N", "number of workers, 1 to 1000; default 1"};
inline constexpr Option kName{"--name", "NAME", "name for people"};
inline constexpr Option kOn{"--on", "PROVIDER",
                            "where: local (default), ssh (the hosts of --hosts), or fake for a "
                            "demonstration"};
inline constexpr Option kHosts{"--hosts", "FILE", "hosts to borrow, with --on ssh: docs/ssh.md"};
inline constexpr Option kMaster{"--master", "SCHEDULER", "yarn (default) or standalone"};
inline constexpr Option kNoComet{"--no-comet", "", "without native execution of Spark SQL"};
inline constexpr Option kMemory{
    "--memory", "SIZE", "of the whole cluster, for example 6g; default: half of what is free"};
inline constexpr Option kCores{"--cores", "N", "of the whole cluster; default: all"};
inline constexpr Option kRelease{"--release", "NAME", "pinned engine versions; default bdaas-1"};
inline constexpr Option kEngine{"--engine", "ENGINE",
                                "spark (default), or fake for a demonstration"};
inline constexpr Option kSet{"--set", "NAME=VALUE",
                             "a Spark setting, for example spark.sql.shuffle.partitions=6", true};
inline constexpr Option kTimeout{"--timeout", "DURATION",
                                 "end the program after so long, for example 10m; exit code 124"};
inline constexpr Option kClass{"--class", "CLASS", "main class of a .jar"};

inline constexpr std::array kPlaceOptions = {kWorkers, kMaster, kMemory, kCores,   kSet,
                                             kNoComet, kOn,     kHosts,  kRelease, kEngine};

// The tables are constexpr arrays; this puts two of them together.
template <std::size_t N, std::size_t M>
constexpr std::array<Option, N + M> join(const std::array<Option, N>& a,
                                         const std::array<Option, M>& b) {
  std::array<Option, N + M> all{};
  for (std::size_t i = 0; i < N; ++i) all[i] = a[i];
  for (std::size_t i = 0; i < M; ++i) all[N + i] = b[i];
  return all;
}

Result<ClusterSpec> read_place(const Arguments& arguments);

// --set name=value …
Result<std::map<std::string, std::string>> read_settings(const Arguments& arguments);

// A duration option, or zero.
Result<Millis> read_duration(const Arguments& arguments, const Option& option);

}  // namespace bdaas::cli
