#pragma once
// What this computer can give now, within the limits of the cgroup we run in. Reads /proc and
// /sys/fs/cgroup (v2); any thread.

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace bdaas {

struct HostResources {
  std::int64_t memory_total_mib = 0;  // MemTotal, or the cgroup's limit where that is lower
  std::int64_t memory_free_mib = 0;   // MemAvailable, or what the cgroup leaves where that is less
  std::int64_t cores = 0;             // usable by us: affinity and cgroup quota; at least 1
};

// Where the kernel's files stand; a test gives others.
struct KernelFiles {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

Result<HostResources> measure_host(const KernelFiles& files = {});

}  // namespace bdaas
