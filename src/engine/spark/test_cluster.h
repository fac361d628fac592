#pragma once
// For tests: the facts of one master and three workers.

#include "engine/spark/spark_engine.h"

namespace bdaas {

inline NodeFacts test_node(std::int64_t index) {
  NodeFacts node;
  node.id = NodeId{fmt::format("n-{}", index)};
  node.role = index == 0 ? NodeRole::master : NodeRole::worker;
  node.index = index;
  node.host = index == 0 ? "c-7-master" : fmt::format("c-7-worker-{}", index);
  node.address = fmt::format("127.7.0.{}", index + 1);
  node.dir = fmt::format("/srv/n{}", index);
  node.os_host = "computer";
  node.memory_mib = index == 0 ? 0 : 1536;
  node.cores = index == 0 ? 0 : 2;
  return node;
}

inline ClusterFacts test_cluster(Scheduler scheduler = Scheduler::yarn, std::int64_t workers = 3) {
  ClusterFacts cluster;
  cluster.id = ClusterId{"c-7"};
  cluster.spec.workers = workers;
  cluster.spec.scheduler = scheduler;
  cluster.user = "ann";
  cluster.agent_binary = "/opt/bdaas-agent";
  cluster.release = {.name = "bdaas-1",
                     .hadoop_home = "/pkg/hadoop",
                     .spark_home = "/pkg/spark",
                     .comet_jar = "/pkg/comet.jar",
                     .java_home = "/jdk",
                     .python = "/usr/bin/python3"};
  for (std::int64_t i = 0; i <= workers; ++i) cluster.nodes.push_back(test_node(i));
  return cluster;
}

inline MemoryPlan test_memory(const ClusterFacts& cluster) {
  return SparkEngine().fit(cluster.spec, {.memory_mib = 6144, .cores = 2}).value();
}

}  // namespace bdaas
