#include "engine/spark/daemons.h"

#include <fmt/core.h>

#include "engine/memory.h"
#include "engine/ports.h"
#include "engine/spark/java.h"
#include "engine/writers.h"

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
  // None of them loses anything by SIGKILL, and a NodeManager would wait for programs that have
  // just ended.
  spec.stop_grace_ms = Millis{500};
  return spec;
}

Probe http_probe(const NodeFacts& node, std::int64_t port, std::string path, std::string expect) {
  return {.kind = ProbeKind::http,
          .address = node.address,
          .port = port,
          .path = std::move(path),
          .expect = std::move(expect)};
}

std::vector<std::string> copy_of(const std::string& from, const std::string& into) {
  return {"/bin/cp", "-R", from + "/.", into};
}

// Of the images that this version of Hadoop writes. Another version's template would need an
// upgrade at its start.
std::optional<int> namenode_layout_version(const ReleaseFacts& release) {
  const auto version = release.versions.find("hadoop");
  if (version != release.versions.end() && version->second == "3.5.0") return -67;
  return std::nullopt;
}

std::uint32_t hash_of(std::string_view text) {  // FNV-1a
  std::uint32_t hash = 2'166'136'261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
  return hash;
}

}  // namespace

std::optional<FileSpec> namenode_version_file(const ClusterFacts& cluster, const NodeFacts& node) {
  const auto layout_version = namenode_layout_version(cluster.release);
  if (cluster.release.namenode_template.empty() || !layout_version) return std::nullopt;
  // DataNodes keep to the NameNode that has these; they follow from the cluster's id, so a plan
  // made again has the same.
  const std::uint32_t hash = hash_of(cluster.id.text);
  return FileSpec{
      .path = NodeLayout{node.dir}.name_dir() + "/current/VERSION",
      .content = to_java_properties({{"namespaceID", std::to_string(hash & 0x7FFF'FFFF)},
                                     {"blockpoolID", fmt::format("BP-{}-{}-1", hash, node.address)},
                                     {"storageType", "NAME_NODE"},
                                     {"cTime", "1"},
                                     {"clusterID", cluster.id.text},
                                     {"layoutVersion", std::to_string(*layout_version)}})};
}

DaemonSpec namenode(const ClusterFacts& cluster, const NodeFacts& node) {
  const NodeLayout layout{node.dir};
  const std::string main_class = "org.apache.hadoop.hdfs.server.namenode.NameNode";
  DaemonSpec spec =
      daemon(cluster, node, "namenode",
             hadoop_command(cluster.release, layout, kNameNodeMemory.heap_mib, main_class));
  // May be repeated until it has succeeded, and is never run after that: format refuses a directory
  // with data.
  spec.init_once = InitOnce{
      .marker = "namenode.formatted",
      .argv = namenode_version_file(cluster, node)
                  ? copy_of(cluster.release.namenode_template, layout.name_dir() + "/current")
                  : hadoop_command(cluster.release, layout, kNameNodeMemory.heap_mib, main_class,
                                   {"-format", "-nonInteractive", "-clusterid", cluster.id.text})};
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
  if (!cluster.release.rm_template.empty()) {
    spec.init_once =
        InitOnce{.marker = "resourcemanager.initialized",
                 .argv = copy_of(cluster.release.rm_template, NodeLayout{node.dir}.rm_state())};
  }
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
  return spec;
}

}  // namespace bdaas
