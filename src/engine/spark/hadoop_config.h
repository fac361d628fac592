#pragma once
// The Hadoop settings of one node, each with its reason. Names in them are the nodes' symbolic
// ones; conf/hosts of the same plan says where they are.

#include "engine/spark/layout.h"
#include "engine/writers.h"
#include "model/engine.h"

namespace bdaas {

Properties core_site(const ClusterFacts& cluster, const NodeFacts& node);
Properties hdfs_site(const ClusterFacts& cluster, const NodeFacts& node);
Properties yarn_site(const ClusterFacts& cluster, const NodeFacts& node);
Properties capacity_scheduler();

// Lines of all known nodes, and the name that the operating system of this one has.
std::string hosts_file(const ClusterFacts& cluster, const NodeFacts& node);

// Who leaves, or has left: read by the NameNode and the ResourceManager when they are told to.
std::string hdfs_exclude(const ClusterFacts& cluster);
std::string yarn_exclude(const ClusterFacts& cluster);

// reload4j of the Hadoop daemons: everything to stderr, which the agent bounds.
std::string hadoop_log4j();

// log4j 2 of drivers and executors, found on their class path: warnings to stderr, so that a
// program's own words are not lost among Spark's.
std::string spark_log4j2();

}  // namespace bdaas
