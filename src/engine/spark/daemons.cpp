#include "engine/spark/daemons.h"

#include <fmt/core.h>

#include "engine/memory.h"
#include "engine/ports.h"
#include "engine/spark/java.h"

namespace bdaas {
namespace {

constexpr MasterPorts kMaster;
constexpr WorkerPorts kWorker;

// What every process of a node sees, the containers of its NodeManager too.
std::map<std::string, std::string> environment(const ClusterFacts& cluster, const NodeFacts& node) {
  return {{"JAVA_HOME", cluster.release.java_home},
          {"HADOOP_CONF_DIR", NodeLayout{node.dir}.conf()},
          {"HADOOP_USER_NAME", cluster.user},
          {"USER", cluster.user},
          {"HOME", node.dir},
          {"SPARK_LOCAL_IP", node.address},  // bind here, not to 0.0.0.0
          {"SPARK_LOCAL_HOSTNAME", node.host},
          {"MALLOC_ARENA_MAX", "2"},
          {"LANG", "C.UTF-8"},
          {"PATH", "/usr/local/bin:/usr/bin:/bin"}};
}

DaemonSpec daemon(const ClusterFacts& cluster, const NodeFacts& node, const std::string& name,
                  std::vector<std::string> argv) {
  DaemonSpec spec;
  spec.name = name;
  spec.argv = std::move(argv);
  spec.env = environment(cluster, node);
  spec.working_dir = node.dir;
  spec.log = NodeLayout{node.dir}.log(name);
  return spec;
}

Probe http_probe(const NodeFacts& node, std::int64_t port, std::string path, std::string expect) {
  return {.kind = ProbeKind::http,
          .address = node.address,
          .port = port,
          .path = std::move(path),
          .expect = std::move(expect)};
}

}  // namespace

DaemonSpec namenode(const ClusterFacts& cluster, const NodeFacts& node) {
  const NodeLayout layout{node.dir};
  const std::string main_class = "org.apache.hadoop.hdfs.server.namenode.NameNode";
  DaemonSpec spec =
      daemon(cluster, node, "namenode",
             hadoop_command(cluster.release, layout, kNameNodeMemory.heap_mib, main_class));
  spec.init_once =
      InitOnce{.marker = "namenode.formatted",
               .argv = hadoop_command(
                   cluster.release, layout, kNameNodeMemory.heap_mib, main_class,
                   {"-format", "-nonInteractive", "-force", "-clusterid", cluster.id.text})};
  spec.ready = {http_probe(node, kMaster.namenode_http,
                           "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState",
                           "\"FSState\" : \"Operational\"")};
  return spec;
}

DaemonSpec resourcemanager(const ClusterFacts& cluster, const NodeFacts& node) {
  DaemonSpec spec =
      daemon(cluster, node, "resourcemanager",
             hadoop_command(cluster.release, NodeLayout{node.dir}, kResourceManagerMemory.heap_mib,
                            "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager"));
  spec.ready = {http_probe(node, kMaster.rm_http, "/ws/v1/cluster/info", "\"state\":\"STARTED\"")};
  return spec;
}

DaemonSpec datanode(const ClusterFacts& cluster, const NodeFacts& node) {
  DaemonSpec spec =
      daemon(cluster, node, "datanode",
             hadoop_command(cluster.release, NodeLayout{node.dir}, kDataNodeMemory.heap_mib,
                            "org.apache.hadoop.hdfs.server.datanode.DataNode"));
  spec.ready = {http_probe(node, datanode_ports(node.index).http,
                           "/jmx?get=Hadoop:service=DataNode,name=DataNodeInfo::BPServiceActorInfo",
                           "RUNNING")};
  return spec;
}

DaemonSpec nodemanager(const ClusterFacts& cluster, const NodeFacts& node) {
  DaemonSpec spec =
      daemon(cluster, node, "nodemanager",
             hadoop_command(cluster.release, NodeLayout{node.dir}, kNodeManagerMemory.heap_mib,
                            "org.apache.hadoop.yarn.server.nodemanager.NodeManager"));
  spec.ready = {
      http_probe(node, kWorker.nodemanager_http, "/ws/v1/node/info", "\"nodeHealthy\":true")};
  spec.stop_grace_ms = Millis{5'000};  // it ends its containers
  return spec;
}

DaemonSpec spark_master(const ClusterFacts& cluster, const NodeFacts& node) {
  DaemonSpec spec = daemon(
      cluster, node, "spark-master",
      spark_daemon_command(cluster.release, NodeLayout{node.dir}, kSparkMasterMemory.heap_mib,
                           "org.apache.spark.deploy.master.Master",
                           {"--host", node.host, "--port", std::to_string(kMaster.spark_master),
                            "--webui-port", std::to_string(kMaster.spark_master_http)}));
  spec.ready = {http_probe(node, kMaster.spark_master_http, "/json/", "ALIVE")};
  return spec;
}

DaemonSpec spark_worker(const ClusterFacts& cluster, const NodeFacts& node) {
  const NodeLayout layout{node.dir};
  DaemonSpec spec = daemon(
      cluster, node, "spark-worker",
      spark_daemon_command(
          cluster.release, layout, kSparkWorkerMemory.heap_mib,
          "org.apache.spark.deploy.worker.Worker",
          {"--host", node.host, "--port", std::to_string(kWorker.spark_worker), "--webui-port",
           std::to_string(kWorker.spark_worker_http), "--cores", std::to_string(node.cores),
           "--memory", fmt::format("{}m", node.memory_mib), "--work-dir", layout.spark_work(),
           fmt::format("spark://{}:{}", cluster.nodes.front().host, kMaster.spark_master)}));
  spec.env["SPARK_HOME"] = cluster.release.spark_home;  // its executors take the jars from there
  spec.env["SPARK_SCALA_VERSION"] = "2.12";
  spec.env["SPARK_LOCAL_DIRS"] = layout.spark_local();
  spec.ready = {http_probe(node, kWorker.spark_worker_http, "/json/", "\"masterurl\"")};
  spec.stop_grace_ms = Millis{5'000};
  return spec;
}

}  // namespace bdaas
