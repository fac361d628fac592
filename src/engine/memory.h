#pragma once
// How a cluster's memory is shared: the table of docs/memory.md as a pure function.
//
//   total = daemons + agents + driver + workers × executors of each, in YARN's steps of 128 MiB
//
// Programs of a cluster run one at a time, so there is one driver. YARN places it (its application
// master) on any worker, beside the executors that stand there: so each worker tells YARN of room
// for it, and because a driver is smaller than an executor no worker takes a second share of
// executors. Standalone, it runs on the master's machine.

#include "model/nouns.h"

namespace bdaas {

inline constexpr std::int64_t kAllocationStepMib = 128;  // yarn.scheduler.minimum-allocation-mb

struct MemoryRequest {
  std::int64_t total_mib = 0;
  std::int64_t cores = 0;
  std::int64_t workers = 0;
  bool comet = true;
  Scheduler scheduler = Scheduler::yarn;
  // Total and cores are of each machine, the master's and each worker's; a part stays free for its
  // operating system. False: of one machine for all.
  bool per_machine = false;
};

// Heap of each daemon, and what it is expected to take of the machine with it.
struct DaemonMemory {
  std::int64_t heap_mib = 0;
  std::int64_t resident_mib = 0;
};

inline constexpr DaemonMemory kNameNodeMemory{128, 190};
inline constexpr DaemonMemory kResourceManagerMemory{192, 240};
inline constexpr DaemonMemory kDataNodeMemory{128, 175};
inline constexpr DaemonMemory kNodeManagerMemory{128, 175};
inline constexpr DaemonMemory kSparkMasterMemory{128, 200};
inline constexpr DaemonMemory kSparkWorkerMemory{128, 190};
inline constexpr DaemonMemory kHistoryServerMemory{256, 220};
inline constexpr std::int64_t kAgentMib = 10;

// resource_exhausted with the numbers and the way out; invalid_argument for sizes that make no
// sense.
Result<MemoryPlan> plan_memory(const MemoryRequest& request);

// The least total that plan_memory() accepts for so many workers.
std::int64_t least_memory_mib(const MemoryRequest& request);

}  // namespace bdaas
