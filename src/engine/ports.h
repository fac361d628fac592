#pragma once
// Ports. Every node has an address of its own, so each server keeps the port that its users know.
// DataNodes are the exception: on one machine the NameNode sees all of them as 127.0.0.1 and keys
// them by address and port, so one on the standard ports would evict another.

#include <cstdint>

namespace bdaas {

struct MasterPorts {
  std::int64_t namenode_rpc = 8020;
  std::int64_t namenode_http = 9870;
  std::int64_t rm_scheduler = 8030;
  std::int64_t rm_tracker = 8031;
  std::int64_t rm_client = 8032;
  std::int64_t rm_admin = 8033;
  std::int64_t rm_http = 8088;
  std::int64_t spark_master = 7077;
  std::int64_t spark_master_http = 8080;
  std::int64_t driver_http = 4040;  // spark.ui.port's default; of a standalone cluster's driver
};

struct WorkerPorts {
  std::int64_t nodemanager = 8041;
  std::int64_t localizer = 8040;
  std::int64_t nodemanager_http = 8042;
  std::int64_t spark_worker = 7078;
  std::int64_t spark_worker_http = 8081;
};

struct DataNodePorts {
  std::int64_t transfer = 0;
  std::int64_t ipc = 0;
  std::int64_t http = 0;
};

inline constexpr std::int64_t kFirstDataNodePort = 20'000;
// Below the ports that Linux gives to clients (32768…). An index is never used twice, so only every
// 4000th worker of a cluster's whole life meets an old port again.
inline constexpr std::int64_t kDataNodePortSets = 4'000;

constexpr DataNodePorts datanode_ports(std::int64_t worker_index) {
  const std::int64_t first = kFirstDataNodePort + 3 * (worker_index % kDataNodePortSets);
  return {.transfer = first, .ipc = first + 1, .http = first + 2};
}

}  // namespace bdaas
