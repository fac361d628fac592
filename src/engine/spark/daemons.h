#pragma once
// The daemons of a node, each in the one shape of DaemonSpec.

#include "engine/spark/layout.h"
#include "model/engine.h"

namespace bdaas {

// A NameNode begins with a formatted directory. Formatting takes a JVM's time; with the release's
// template it is a copy, and a VERSION that makes it this cluster's own. Nothing when there is no
// template for that version of Hadoop.
std::optional<FileSpec> namenode_version_file(const ClusterFacts& cluster, const NodeFacts& node);

DaemonSpec namenode(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec resourcemanager(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec datanode(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec nodemanager(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec spark_master(const ClusterFacts& cluster, const NodeFacts& node);
DaemonSpec spark_worker(const ClusterFacts& cluster, const NodeFacts& node);

}  // namespace bdaas
