#include "engine/spark/pages.h"

#include <fmt/core.h>

#include "engine/ports.h"

namespace bdaas {
namespace {

constexpr MasterPorts kMaster;
constexpr WorkerPorts kWorker;

PageServer namenode_page(const NodeFacts& node) {
  const std::string bean = "/jmx?qry=Hadoop:service=NameNode,name=";
  return {.name = "namenode",
          .title = "HDFS NameNode",
          .host = node.host,
          .port = kMaster.namenode_http,
          .start = "/dfshealth.html",
          .overview = {{"State", bean + "FSNamesystemState"}, {"Summary", bean + "NameNodeInfo"}}};
}

PageServer resourcemanager_page(const NodeFacts& node) {
  return {.name = "resourcemanager",
          .title = "YARN ResourceManager",
          .host = node.host,
          .port = kMaster.rm_http,
          .start = "/cluster",
          .overview = {{"Cluster", "/ws/v1/cluster/metrics"},
                       {"Nodes", "/ws/v1/cluster/nodes"},
                       {"Programs", "/ws/v1/cluster/apps"}}};
}

PageServer driver_page(const NodeFacts& node, std::int64_t port, const std::string& base) {
  const std::string api = base + "/api/v1/applications/{application}/";
  return {
      .name = "driver",
      .title = "Spark driver",
      .host = node.host,
      .port = port,
      .start = base + "/jobs/",
      .overview = {
          {"Jobs", api + "jobs"}, {"Stages", api + "stages"}, {"Executors", api + "allexecutors"}}};
}

void add_master(std::vector<PageServer>& pages, const NodeFacts& node, Scheduler scheduler) {
  pages.push_back(namenode_page(node));
  if (scheduler == Scheduler::yarn) {
    pages.push_back(resourcemanager_page(node));
    pages.push_back(driver_page(node, kMaster.rm_http, "/proxy/{application}"));
    return;
  }
  pages.push_back({.name = "spark-master",
                   .title = "Spark Master",
                   .host = node.host,
                   .port = kMaster.spark_master_http,
                   .overview = {{"Master", "/json/"}}});
  pages.push_back(driver_page(node, kMaster.driver_http, ""));
}

void add_worker(std::vector<PageServer>& pages, const NodeFacts& node, Scheduler scheduler) {
  const auto add = [&](const char* daemon, const char* title, std::int64_t port,
                       const char* start) {
    pages.push_back({.name = fmt::format("{}.{}", node.host, daemon),
                     .title = fmt::format("{} of {}", title, node.host),
                     .host = node.host,
                     .port = port,
                     .start = start,
                     .overview = {}});
  };
  add("datanode", "HDFS DataNode", datanode_ports(node.index).http, "/datanode.html");
  if (scheduler == Scheduler::yarn) {
    add("nodemanager", "YARN NodeManager", kWorker.nodemanager_http, "/node");
  } else {
    add("spark-worker", "Spark Worker", kWorker.spark_worker_http, "/");
  }
}

}  // namespace

std::vector<PageServer> spark_pages(const ClusterFacts& cluster) {
  std::vector<PageServer> pages;
  for (const auto& node : cluster.nodes) {
    if (node.role == NodeRole::master) {
      add_master(pages, node, cluster.spec.scheduler);
    } else {
      add_worker(pages, node, cluster.spec.scheduler);
    }
  }
  return pages;
}

}  // namespace bdaas
