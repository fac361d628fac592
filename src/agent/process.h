#pragma once
// Processes by pid and start time, so that a pid used again is never taken for the old process.
// One thread (the agent's loop); nothing here blocks longer than an exec takes.

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace bdaas {

struct ProcessId {
  std::int64_t pid = 0;
  std::int64_t start = 0;  // clock ticks after boot, field 22 of /proc/<pid>/stat

  bool operator==(const ProcessId&) const = default;
  static constexpr auto fields() {
    return std::tuple{required("pid", &ProcessId::pid, ""),
                      required("start", &ProcessId::start, "clock ticks after boot")};
  }
};

// What /proc/<pid>/stat says of a process.
struct ProcessStat {
  ProcessId id;
  std::int64_t parent = 0;
  char state = '?';            // Z: ended, not reaped
  std::int64_t cpu_ticks = 0;  // user and system
  std::int64_t rss_bytes = 0;
};
std::optional<ProcessStat> read_stat(pid_t pid);

// nullopt: no such process, or it has ended.
std::optional<ProcessId> identify(pid_t pid);

struct SpawnSpec {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;  // the whole environment
  std::string working_dir;                 // empty: inherited
  int out = -1;                            // -1: inherited
  int err = -1;
  bool own_session = true;
};

// A living or ended process, watched by a pidfd. It may be a child of ours or one that an earlier
// agent left.
class Process {
 public:
  struct Exit {
    std::optional<int> code;  // 128 + signal; unknown for a process that is not our child
  };

  // Not found when it no longer lives.
  static std::optional<Process> adopt(const ProcessId& id);

  const ProcessId& id() const { return id_; }
  int fd() const { return pidfd_.get(); }  // readable: ended
  std::optional<Exit> ended();             // reaps a child; keeps its answer
  void signal(int number) const;           // to it alone; harmless when it has ended
  void signal_group(int number) const;     // to its process group, while it has not been reaped

 private:
  friend class HeldProcess;
  Process(ProcessId id, UniqueFd pidfd) : id_(id), pidfd_(std::move(pidfd)) {}

  ProcessId id_;
  UniqueFd pidfd_;
  std::optional<Exit> exit_;
};

// A forked child that waits before its exec until release(): so its id can be written down before
// it does anything. Destroyed without release, or when this process dies before it, the child ends
// without having run anything.
class HeldProcess {
 public:
  static Result<HeldProcess> fork(const SpawnSpec& spec);

  const ProcessId& id() const { return process_.id(); }
  Result<Process> release() &&;  // why the program could not be executed

 private:
  HeldProcess(Process process, UniqueFd gate, UniqueFd failure)
      : process_(std::move(process)), gate_(std::move(gate)), failure_(std::move(failure)) {}

  Process process_;
  UniqueFd gate_;
  UniqueFd failure_;
};

}  // namespace bdaas
