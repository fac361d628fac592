#include "engine/spark/hadoop_config.h"

#include <fmt/core.h>

#include "engine/ports.h"

namespace bdaas {
namespace {

constexpr MasterPorts kMaster;
constexpr WorkerPorts kWorker;
constexpr std::int64_t kDiskReservedBytes = 64 << 20;

std::string at(const std::string& host, std::int64_t port) {
  return fmt::format("{}:{}", host, port);
}

void add_datanode(Properties& p, const NodeFacts& node) {
  const NodeLayout layout{node.dir};
  const DataNodePorts ports = datanode_ports(node.index);
  p.merge(Properties{
      {"dfs.datanode.data.dir", "file://" + layout.data_dir()},
      {"dfs.datanode.hostname", node.host},
      {"dfs.datanode.address", at(node.host, ports.transfer)},
      {"dfs.datanode.ipc.address", at(node.host, ports.ipc)},
      {"dfs.datanode.http.address", at(node.host, ports.http)},
      // A full HDFS leaves this much of the disk to all who write beside it: daemons' logs, the
      // output of programs, the manager's rows.
      {"dfs.datanode.du.reserved", std::to_string(kDiskReservedBytes)},
      // Or a DataNode refuses every block on a disk with less than one GiB free.
      {"dfs.datanode.round-robin-volume-choosing-policy.additional-available-space", "0"},
      {"dfs.datanode.max.transfer.threads", "4096"},
      {"dfs.blockreport.initialDelay", "0"},
  });
}

void add_resourcemanager(Properties& p, const NodeFacts& node) {
  p.merge(Properties{
      // A store on HDFS would end the ResourceManager while the NameNode is in safe mode.
      {"yarn.resourcemanager.store.class",
       "org.apache.hadoop.yarn.server.resourcemanager.recovery.LeveldbRMStateStore"},
      {"yarn.resourcemanager.leveldb-state-store.path", NodeLayout{node.dir}.rm_state()},
      {"yarn.resourcemanager.recovery.enabled", "true"},
      {"yarn.resourcemanager.work-preserving-recovery.enabled", "true"},
      {"yarn.resourcemanager.work-preserving-recovery.scheduling-wait-ms", "1000"},
      {"yarn.resourcemanager.nodemanagers.heartbeat-interval-ms", "200"},
      {"yarn.nm.liveness-monitor.expiry-interval-ms", "15000"},
      {"yarn.resourcemanager.nodes.exclude-path", NodeLayout{node.dir}.yarn_exclude()},
      // By default below /tmp, where two clusters of one user would share them.
      {"yarn.node-attribute.fs-store.root-dir", "file://" + NodeLayout{node.dir}.node_attributes()},
      {"yarn.node-labels.fs-store.root-dir", "file://" + NodeLayout{node.dir}.node_labels()},
      {"yarn.am.liveness-monitor.expiry-interval-ms", "60000"},
  });
}

void add_nodemanager(Properties& p, const NodeFacts& node) {
  const NodeLayout layout{node.dir};
  p.merge(Properties{
      {"yarn.nodemanager.hostname", node.host},
      {"yarn.nodemanager.address", at(node.host, kWorker.nodemanager)},
      {"yarn.nodemanager.localizer.address", at(node.host, kWorker.localizer)},
      {"yarn.nodemanager.webapp.address", at(node.host, kWorker.nodemanager_http)},
      {"yarn.nodemanager.local-dirs", layout.nm_local()},
      {"yarn.nodemanager.log-dirs", layout.nm_logs()},
      {"yarn.nodemanager.resource.memory-mb", std::to_string(node.memory_mib)},
      {"yarn.nodemanager.resource.cpu-vcores", std::to_string(node.cores)},
      // Promised memory is shared by the table of engine/memory.h; a check of resident memory would
      // count every page of the shared class archives in each process.
      {"yarn.nodemanager.pmem-check-enabled", "false"},
      {"yarn.nodemanager.vmem-check-enabled", "false"},
      {"yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "99.5"},
      {"yarn.nodemanager.delete.debug-delay-sec", "0"},
      // A cancelled driver has this time to end, and its agent to keep the files it left.
      {"yarn.nodemanager.sleep-delay-before-sigkill.ms", "2000"},
      {"yarn.nodemanager.recovery.enabled", "true"},
      {"yarn.nodemanager.recovery.dir", layout.nm_recovery()},
      // What a container takes from its node: where it is, and the marks by which the agent and the
      // provider find every process of a machine again.
      {"yarn.nodemanager.env-whitelist",
       "JAVA_HOME,HADOOP_CONF_DIR,SPARK_LOCAL_IP,SPARK_LOCAL_HOSTNAME,BDAAS_DIR,BDAAS_NODE,"
       "BDAAS_LEASE,MALLOC_ARENA_MAX,LANG,TZ,PATH,HOME"},
  });
}

}  // namespace

Properties core_site(const ClusterFacts& cluster, const NodeFacts& node) {
  const std::string& master = cluster.nodes.front().host;
  return {{"fs.defaultFS", "hdfs://" + at(master, kMaster.namenode_rpc)},
          {"hadoop.tmp.dir", NodeLayout{node.dir}.tmp()},
          {"hadoop.http.staticuser.user", cluster.user},
          // Nobody's groups matter here, and without natives each look-up would fork a shell.
          {"hadoop.security.group.mapping", "org.apache.hadoop.security.NullGroupsMapping"},
          {"ipc.client.connect.retry.interval",
           "100"},  // daemons start together and dial until the other is there
          {"ipc.client.connect.max.retries", "600"}};
}

Properties hdfs_site(const ClusterFacts& cluster, const NodeFacts& node) {
  const std::string& master = cluster.nodes.front().host;
  Properties p = {
      {"dfs.namenode.rpc-address", at(master, kMaster.namenode_rpc)},
      {"dfs.namenode.http-address", at(master, kMaster.namenode_http)},
      {"dfs.replication", "1"},
      {"dfs.webhdfs.enabled", "true"},
      // All nodes of one machine look like 127.0.0.1 to one another: only names tell them apart.
      {"dfs.client.use.datanode.hostname", "true"},
      {"dfs.datanode.use.datanode.hostname", "true"},
      {"dfs.namenode.datanode.registration.ip-hostname-check", "false"},
      {"dfs.client.retry.policy.enabled", "true"},  // a client outlives a restart of the NameNode
      {"dfs.client.block.write.replace-datanode-on-failure.best-effort", "true"},
      // A file is closed when the NameNode has heard of its last block, some milliseconds after the
      // writer has: with the default the writer then sleeps for 400 ms, with each small file.
      {"dfs.client.block.write.locateFollowingBlock.initial.delay.ms", "5"},
      {"dfs.client.block.write.locateFollowingBlock.retries", "12"},
      {"dfs.heartbeat.interval", "1"}};
  if (node.role == NodeRole::master) {
    p.merge(Properties{
        {"dfs.namenode.name.dir", "file://" + NodeLayout{node.dir}.name_dir()},
        {"dfs.namenode.heartbeat.recheck-interval", "5000"},
        {"dfs.namenode.safemode.extension", "0"},
        {"dfs.namenode.safemode.min.datanodes", "0"},
        // On a disk that a program fills it would go into safe mode, and never leave it by itself.
        {"dfs.namenode.resource.du.reserved", "0"},
        {"dfs.namenode.redundancy.interval.seconds", "1s"},
        // Workers that leave: looked at as often, and with more than two blocks on their way.
        {"dfs.hosts.exclude", NodeLayout{node.dir}.hdfs_exclude()},
        {"dfs.namenode.decommission.interval", "1s"},
        {"dfs.namenode.replication.work.multiplier.per.iteration", "20"},
        {"dfs.namenode.replication.max-streams", "20"},
        {"dfs.namenode.replication.max-streams-hard-limit", "40"},
        // Small inputs are spread over the workers too.
        {"dfs.namenode.fs-limits.min-block-size", "65536"},
        // The edit log survives the NameNode's death without being forced to the disk. It would not
        // survive the machine's, but then the cluster of one NameNode is gone anyway.
        {"dfs.namenode.edits.noeditlogchannelflush", "true"},
    });
  } else {
    add_datanode(p, node);
  }
  return p;
}

Properties yarn_site(const ClusterFacts& cluster, const NodeFacts& node) {
  const std::string& master = cluster.nodes.front().host;
  Properties p = {{"yarn.resourcemanager.hostname", master},
                  {"yarn.resourcemanager.address", at(master, kMaster.rm_client)},
                  {"yarn.resourcemanager.scheduler.address", at(master, kMaster.rm_scheduler)},
                  {"yarn.resourcemanager.resource-tracker.address", at(master, kMaster.rm_tracker)},
                  {"yarn.resourcemanager.admin.address", at(master, kMaster.rm_admin)},
                  {"yarn.resourcemanager.webapp.address", at(master, kMaster.rm_http)},
                  // The ResourceManager's own. Said, because on loopback a driver would take its
                  // own node for the proxy's, and let nobody see its pages.
                  {"yarn.web-proxy.address", at(master, kMaster.rm_http)},
                  {"yarn.resourcemanager.connect.retry-interval.ms", "200"},
                  {"yarn.client.nodemanager-connect.retry-interval-ms", "200"},
                  {"yarn.scheduler.minimum-allocation-mb", "128"},
                  {"yarn.scheduler.maximum-allocation-mb", "1048576"},
                  {"yarn.scheduler.maximum-allocation-vcores", "1024"},
                  {"yarn.log-aggregation-enable", "false"},
                  {"yarn.timeline-service.enabled", "false"}};
  if (node.role == NodeRole::master) {
    add_resourcemanager(p, node);
  } else {
    add_nodemanager(p, node);
  }
  return p;
}

Properties capacity_scheduler() {
  const std::string root = "yarn.scheduler.capacity.";
  return {{root + "root.queues", "default"},
          {root + "root.default.capacity", "100"},
          {root + "maximum-am-resource-percent",
           "0.8"},  // a small cluster's driver is a large part of it
          {root + "resource-calculator",
           "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"},
          {root + "node-locality-delay", "-1"}};
}

std::string hosts_file(const ClusterFacts& cluster, const NodeFacts& node) {
  std::vector<HostLine> lines = {{"127.0.0.1", "localhost"}};
  for (const auto& member : cluster.nodes) {
    if (!member.address.empty()) lines.push_back({member.address, member.host});
  }
  // Last: an address resolves back to the first name it has.
  if (!node.os_host.empty()) lines.push_back({node.address, node.os_host});
  return to_hosts_file(lines);
}

// HDFS knows a DataNode by its port and by the address it dials from: on one machine that is
// 127.0.0.1, whatever its name.
std::string hdfs_exclude(const ClusterFacts& cluster) {
  std::string lines;
  for (const auto& node : cluster.leaving) {
    const std::int64_t port = datanode_ports(node.index).transfer;
    lines += at(node.host, port) + "\n" + at("127.0.0.1", port) + "\n";
  }
  return lines;
}

std::string yarn_exclude(const ClusterFacts& cluster) {
  std::string lines;
  for (const auto& node : cluster.leaving) {
    if (node.emptied) lines += node.host + "\n";
  }
  return lines;
}

std::string hadoop_log4j() {
  Properties p = {{"log4j.rootLogger", "INFO,stderr"},
                  {"log4j.appender.stderr", "org.apache.log4j.ConsoleAppender"},
                  {"log4j.appender.stderr.target", "System.err"},
                  {"log4j.appender.stderr.layout", "org.apache.log4j.PatternLayout"},
                  {"log4j.appender.stderr.layout.ConversionPattern", "%d{ISO8601} %p %c{2}: %m%n"},
                  {"log4j.logger.org.apache.hadoop.util.NativeCodeLoader", "ERROR"}};
  // These write several lines for each block, request and dial.
  for (const char* chatty :
       {"org.apache.hadoop.ipc.Client", "org.apache.hadoop.conf.Configuration", "BlockStateChange",
        "datanode.webhdfs", "http.requests", "org.apache.hadoop.hdfs.StateChange",
        "org.apache.hadoop.hdfs.server.namenode.FSNamesystem",
        "org.apache.hadoop.hdfs.server.datanode.DataNode",
        "org.apache.hadoop.hdfs.server.datanode.fsdataset.impl"}) {
    p[std::string("log4j.logger.") + chatty] = "WARN";
  }
  return to_java_properties(p);
}

std::string spark_log4j2() {
  return to_java_properties(
      {{"appender.stderr.type", "Console"},
       {"appender.stderr.name", "stderr"},
       {"appender.stderr.target", "SYSTEM_ERR"},
       {"appender.stderr.layout.type", "PatternLayout"},
       {"appender.stderr.layout.pattern", "%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex"},
       {"rootLogger.level", "warn"},
       {"rootLogger.appenderRef.stderr.ref", "stderr"},
       {"logger.natives.name", "org.apache.hadoop.util.NativeCodeLoader"},
       {"logger.natives.level", "error"}});
}

}  // namespace bdaas
