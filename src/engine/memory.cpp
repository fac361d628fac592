#include "engine/memory.h"

#include <algorithm>

namespace bdaas {
namespace {

// Spark refuses a heap below 450 MiB, and the collector hides a part of what -Xmx says.
constexpr std::int64_t kHeapMinMib = 512;
constexpr std::int64_t kOffHeapMinMib = 256;  // of Comet; its hash joins cannot spill
constexpr std::int64_t kOverheadMinMib = 128;
constexpr std::int64_t kDriverMinMib = kHeapMinMib + kOverheadMinMib;
constexpr std::int64_t kDriverMaxMib = 2'048;
constexpr std::int64_t kWorkersMax = 1'000;
constexpr std::int64_t kSystemMinMib = 256;  // kept free on a machine of its own

// A second executor on a worker pays only when each has these.
constexpr std::int64_t kLargeExecutorMib = 16'384;
constexpr std::int64_t kLargeExecutorCores = 5;

std::int64_t floor_to_step(std::int64_t mib) { return mib - mib % kAllocationStepMib; }

double gib(std::int64_t mib) { return static_cast<double>(mib) / 1024.0; }

// On YARN an executor must be larger than a driver, or a worker without the driver would take one
// executor too many.
std::int64_t executor_min_mib(const MemoryRequest& request) {
  if (request.comet) return kHeapMinMib + kOffHeapMinMib + kOverheadMinMib;
  return kDriverMinMib + kAllocationStepMib;
}

// Of the master.
std::int64_t shared_daemons_mib(const MemoryRequest& request) {
  const bool yarn = request.scheduler == Scheduler::yarn;
  const auto& scheduler = yarn ? kResourceManagerMemory : kSparkMasterMemory;
  return kNameNodeMemory.resident_mib + scheduler.resident_mib + kAgentMib;
}

std::int64_t worker_daemons_mib(const MemoryRequest& request) {
  const bool yarn = request.scheduler == Scheduler::yarn;
  const auto& scheduler = yarn ? kNodeManagerMemory : kSparkWorkerMemory;
  return kDataNodeMemory.resident_mib + scheduler.resident_mib + kAgentMib;
}

std::int64_t daemons_mib(const MemoryRequest& request, std::int64_t workers) {
  return shared_daemons_mib(request) + workers * worker_daemons_mib(request);
}

// Of a machine of its own: the rest is its operating system's, and its caches'.
std::int64_t usable_mib(const MemoryRequest& request) {
  return request.total_mib - std::max(kSystemMinMib, request.total_mib / 20);
}

std::int64_t needed_mib(const MemoryRequest& request, std::int64_t workers) {
  if (request.per_machine) {
    const std::int64_t of_worker =
        worker_daemons_mib(request) + kDriverMinMib + executor_min_mib(request);
    return kSystemMinMib + std::max(of_worker, shared_daemons_mib(request) + kDriverMinMib);
  }
  return daemons_mib(request, workers) + kDriverMinMib + workers * executor_min_mib(request);
}

Error too_little(const MemoryRequest& request) {
  if (request.per_machine) {
    return fail(
        ErrorKind::resource_exhausted,
        "each machine needs {:.1f} GiB of memory and there are {:.1f} GiB: take larger ones",
        gib(needed_mib(request, 1)), gib(request.total_mib));
  }
  std::int64_t fitting = request.workers;
  while (fitting > 0 && needed_mib(request, fitting) > request.total_mib) --fitting;
  const std::string way_out =
      fitting == 0 ? "give more with --memory"
                   : fmt::format("take at most {} or give more with --memory", fitting);
  return fail(
      ErrorKind::resource_exhausted,
      "{} {} {:.1f} GiB of memory ({:.1f} GiB of it for the daemons) and there {} {:.1f} GiB: {}",
      request.workers, request.workers == 1 ? "worker needs" : "workers need",
      gib(needed_mib(request, request.workers)), gib(daemons_mib(request, request.workers)),
      request.total_mib == 1024 ? "is" : "are", gib(request.total_mib), way_out);
}

Result<> check(const MemoryRequest& request) {
  if (request.workers < 1 || request.workers > kWorkersMax) {
    return fail(ErrorKind::invalid_argument, "workers: {} is not between 1 and {}", request.workers,
                kWorkersMax);
  }
  if (request.cores < 1) {
    return fail(ErrorKind::invalid_argument, "cores: {} is not at least 1", request.cores);
  }
  if (needed_mib(request, request.workers) > request.total_mib) return too_little(request);
  return {};
}

std::int64_t driver_mib(std::int64_t share_of_worker) {
  return std::clamp(floor_to_step(share_of_worker / 4), kDriverMinMib, kDriverMaxMib);
}

struct Shares {
  std::int64_t driver_mib = 0;
  std::int64_t executors_mib = 0;  // of one worker
};

Shares shares_of(const MemoryRequest& request) {
  Shares shares;
  if (request.per_machine) {
    // YARN may place the driver on any worker; standalone, it stands on the master's machine.
    const std::int64_t of_worker = usable_mib(request) - worker_daemons_mib(request);
    const std::int64_t of_master = usable_mib(request) - shared_daemons_mib(request);
    const bool yarn = request.scheduler == Scheduler::yarn;
    shares.driver_mib = yarn ? driver_mib(of_worker) : std::min(driver_mib(of_worker), of_master);
    shares.executors_mib = floor_to_step(of_worker - (yarn ? shares.driver_mib : 0));
    return shares;
  }
  const std::int64_t for_programs = request.total_mib - daemons_mib(request, request.workers);
  shares.driver_mib = driver_mib(for_programs / request.workers);
  shares.executors_mib = floor_to_step((for_programs - shares.driver_mib) / request.workers);
  return shares;
}

void split_driver(MemoryPlan& plan, std::int64_t mib) {
  plan.driver_overhead_mib =
      std::clamp(floor_to_step(mib / 4), kOverheadMinMib, 3 * kAllocationStepMib);
  plan.driver_heap_mib = mib - plan.driver_overhead_mib;
}

void split_executor(MemoryPlan& plan, std::int64_t mib, bool comet) {
  plan.executor_overhead_mib =
      std::clamp(floor_to_step(mib / 6), kOverheadMinMib, 16 * kAllocationStepMib);
  const std::int64_t rest = mib - plan.executor_overhead_mib;
  if (comet) {
    plan.executor_off_heap_mib =
        std::min(floor_to_step(rest / 2), floor_to_step(rest - kHeapMinMib));
  }
  plan.executor_heap_mib = rest - plan.executor_off_heap_mib;
}

}  // namespace

Result<MemoryPlan> plan_memory(const MemoryRequest& request) {
  BDAAS_TRY(check(request));
  const Shares shares = shares_of(request);
  const bool yarn = request.scheduler == Scheduler::yarn;
  MemoryPlan plan;
  plan.node_memory_mib = shares.executors_mib + (yarn ? shares.driver_mib : 0);
  plan.shared_mib = shared_daemons_mib(request) + shares.driver_mib;
  plan.worker_mib = worker_daemons_mib(request) + shares.executors_mib;
  split_driver(plan, shares.driver_mib);

  const std::int64_t cores_each =
      request.per_machine ? request.cores : (request.cores + request.workers - 1) / request.workers;
  const std::int64_t executors_each = std::max<std::int64_t>(
      1, std::min(cores_each / kLargeExecutorCores, shares.executors_mib / kLargeExecutorMib));
  plan.executors = request.workers * executors_each;
  plan.executor_cores = std::max<std::int64_t>(1, cores_each / executors_each);
  plan.node_cores = executors_each * plan.executor_cores + (yarn ? 1 : 0);
  split_executor(plan, floor_to_step(shares.executors_mib / executors_each), request.comet);
  return plan;
}

std::int64_t least_memory_mib(const MemoryRequest& request) {
  return needed_mib(request, request.workers);
}

}  // namespace bdaas
