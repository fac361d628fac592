#pragma once
// The daemons of a node, each in the one shape of DaemonSpec.

#include "engine/spark/layout.h"
#include "model/engine.h"

namespace bdaas {

DaemonSpec namenode(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec resourcemanager(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec datanode(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec nodemanager(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec spark_master(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec spark_worker(const ClusterFacts& cluster, const NodeFacts& node);

}  // namespace bdaas
