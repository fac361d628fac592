#include "engine/spark/spark_engine.h"

#include "engine/memory.h"
#include "engine/ports.h"
#include "engine/spark/daemons.h"
#include "engine/spark/hadoop_config.h"
#include "engine/spark/settings.h"
#include "engine/spark/submission.h"

namespace bdaas {
namespace {

void add_file(NodePlan& plan, const NodeLayout& layout, const std::string& name,
              std::string content) {
  plan.files.push_back({.path = layout.conf(name), .content = std::move(content)});
}

void add_master(NodePlan& plan, const ClusterFacts& cluster, const NodeFacts& node) {
  const NodeLayout layout{node.dir};
  plan.directories.push_back(layout.name_dir());
  if (auto version = namenode_version_file(cluster, node))
    plan.files.push_back(*std::move(version));
  plan.files.push_back({.path = layout.hdfs_exclude(), .content = hdfs_exclude(cluster)});
  plan.daemons.push_back(namenode(cluster, node));
  if (cluster.spec.scheduler == Scheduler::yarn) {
    plan.directories.push_back(layout.rm_state());
    plan.files.push_back({.path = layout.yarn_exclude(), .content = yarn_exclude(cluster)});
    add_file(plan, layout, "capacity-scheduler.xml", to_hadoop_xml(capacity_scheduler()));
    plan.daemons.push_back(resourcemanager(cluster, node));
  } else {
    plan.directories.push_back(layout.spark_local());
    plan.daemons.push_back(spark_master(cluster, node));
  }
}

void add_worker(NodePlan& plan, const ClusterFacts& cluster, const NodeFacts& node) {
  const NodeLayout layout{node.dir};
  plan.directories.push_back(layout.data_dir());
  plan.daemons.push_back(datanode(cluster, node));
  if (cluster.spec.scheduler == Scheduler::yarn) {
    for (const auto& dir : {layout.nm_local(), layout.nm_logs(), layout.nm_recovery()}) {
      plan.directories.push_back(dir);
    }
    plan.daemons.push_back(nodemanager(cluster, node));
  } else {
    for (const auto& dir : {layout.spark_work(), layout.spark_local()}) {
      plan.directories.push_back(dir);
    }
    plan.daemons.push_back(spark_worker(cluster, node));
  }
}

}  // namespace

Result<MemoryPlan> SparkEngine::fit(const ClusterSpec& spec, const Room& room) const {
  BDAAS_ASSIGN(auto plan, plan_memory({.total_mib = room.memory_mib,
                                       .cores = room.cores,
                                       .workers = spec.workers,
                                       .comet = spec.comet,
                                       .scheduler = spec.scheduler,
                                       .per_machine = room.per_machine}));
  BDAAS_TRY(check_settings_fit(spec.settings, plan));
  return plan;
}

std::vector<std::int64_t> SparkEngine::ports(const ClusterSpec& spec) const {
  constexpr MasterPorts kMaster;
  constexpr WorkerPorts kWorker;
  std::vector<std::int64_t> ports = {kMaster.namenode_rpc, kMaster.namenode_http};
  const auto add = [&](std::initializer_list<std::int64_t> more) {
    ports.insert(ports.end(), more);
  };
  if (spec.scheduler == Scheduler::yarn) {
    add({kMaster.rm_scheduler, kMaster.rm_tracker, kMaster.rm_client, kMaster.rm_admin,
         kMaster.rm_http, kWorker.nodemanager, kWorker.localizer, kWorker.nodemanager_http});
  } else {
    add({kMaster.spark_master, kMaster.spark_master_http, kWorker.spark_worker,
         kWorker.spark_worker_http});
  }
  for (std::int64_t index = 1; index <= spec.workers; ++index) {
    const auto datanode = datanode_ports(index);
    add({datanode.transfer, datanode.ipc, datanode.http});
  }
  return ports;
}

Result<> SparkEngine::check_settings(const std::map<std::string, std::string>& settings) const {
  return check_spark_settings(settings);
}

Result<NodePlan> SparkEngine::plan_node(const ClusterFacts& cluster, const NodeFacts& node) const {
  if (cluster.nodes.empty() || cluster.nodes.front().role != NodeRole::master ||
      cluster.nodes.front().address.empty()) {
    return fail(ErrorKind::failed_precondition,
                "the plan of {} needs the master's address, which is not known yet", node.host);
  }
  const NodeLayout layout{node.dir};
  NodePlan plan;
  plan.directories = {layout.conf(), layout.tmp(), node.dir + "/log"};
  add_file(plan, layout, "core-site.xml", to_hadoop_xml(core_site(cluster, node)));
  add_file(plan, layout, "hdfs-site.xml", to_hadoop_xml(hdfs_site(cluster, node)));
  if (cluster.spec.scheduler == Scheduler::yarn) {
    add_file(plan, layout, "yarn-site.xml", to_hadoop_xml(yarn_site(cluster, node)));
  }
  add_file(plan, layout, "log4j.properties", hadoop_log4j());
  add_file(plan, layout, "log4j2.properties", spark_log4j2());
  add_file(plan, layout, "hosts", hosts_file(cluster, node));
  if (node.role == NodeRole::master) {
    add_master(plan, cluster, node);
  } else {
    add_worker(plan, cluster, node);
  }
  return plan;
}

Result<std::optional<RunSpec>> SparkEngine::plan_run(const ClusterFacts& cluster,
                                                     const MemoryPlan& memory,
                                                     const ProgramFacts& program) const {
  if (cluster.spec.scheduler == Scheduler::yarn) return std::optional<RunSpec>{};
  BDAAS_ASSIGN(auto run, plan_standalone_run(cluster, memory, program));
  return std::optional<RunSpec>{std::move(run)};
}

}  // namespace bdaas
