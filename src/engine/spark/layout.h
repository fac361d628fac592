#pragma once
// Where an engine's files lie inside a node's directory.
//
// clang-format off
//   <dir>/
//     conf/                                 *-site.xml, capacity-scheduler.xml, log4j*, hosts, …
//     hdfs/name                             NameNode (master)
//     hdfs/data                             DataNode
//     yarn/state, yarn/node-*               ResourceManager (master)
//     yarn/local, yarn/logs, yarn/recovery  NodeManager
//     spark/work                            standalone worker
//     spark/local                           scratch of executors and of a client's driver
//     log/<daemon>.log
//     tmp/                                  java.io.tmpdir of the daemons
// clang-format on

#include <string>

namespace bdaas {

struct NodeLayout {
  std::string dir;

  std::string conf() const { return dir + "/conf"; }
  std::string conf(const std::string& file) const { return dir + "/conf/" + file; }
  std::string hosts() const { return conf("hosts"); }
  std::string hdfs_exclude() const { return conf("hdfs.exclude"); }
  std::string yarn_exclude() const { return conf("yarn.exclude"); }
  std::string name_dir() const { return dir + "/hdfs/name"; }
  std::string data_dir() const { return dir + "/hdfs/data"; }
  std::string rm_state() const { return dir + "/yarn/state"; }
  std::string node_attributes() const { return dir + "/yarn/node-attributes"; }
  std::string node_labels() const { return dir + "/yarn/node-labels"; }
  std::string nm_local() const { return dir + "/yarn/local"; }
  std::string nm_logs() const { return dir + "/yarn/logs"; }
  std::string nm_recovery() const { return dir + "/yarn/recovery"; }
  std::string spark_work() const { return dir + "/spark/work"; }
  std::string spark_local() const { return dir + "/spark/local"; }
  std::string log(const std::string& daemon) const { return dir + "/log/" + daemon + ".log"; }
  std::string tmp() const { return dir + "/tmp"; }
};

// HDFS. All of it belongs to the cluster's user.
inline constexpr const char* kEventLogDir = "/bdaas/spark-logs";
inline constexpr const char* kStagingDir = "/bdaas/staging";

}  // namespace bdaas
