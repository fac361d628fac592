#pragma once
// All processes of this machine, and those among them that are this node's: descendants, and
// whoever carries a mark in its environment (a daemonized grandchild is nobody's descendant any
// more once its agent was started again).

#include <string>
#include <string_view>
#include <vector>

#include "agent/process.h"
#include "base/clock.h"

namespace bdaas {

// Those that have not ended.
std::vector<ProcessStat> list_processes();

// Below `root` in the tree of parents, without root. Pure.
std::vector<ProcessStat> descendants_of(std::int64_t root,
                                        const std::vector<ProcessStat>& processes);

// Whether its environment, as it was started, has NAME=value. False for other users' processes.
bool is_marked(pid_t pid, std::string_view name, std::string_view value);

// Which processes are meant. Never this one.
struct Victims {
  std::string_view name;  // marked NAME=value
  std::string_view value;
  // or working inside this directory: a container whose engine handed no mark on
  std::string_view dir = {};
  bool descendants = false;  // or below this process
};

// SIGKILL to all of them, again and again until none is left or the time is over. Returns how many
// were left. Blocks so long; reaps children.
std::size_t kill_all(const Victims& which, Millis timeout);

}  // namespace bdaas
