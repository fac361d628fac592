#include "service/decommission.h"

#include <algorithm>

#include "service/native/hadoop_rpc.h"
#include "service/native/wire.h"

namespace bdaas {
namespace {

// YARN would end containers that are still there by then. The manager gives up long before.
constexpr std::uint64_t kYarnPatienceSeconds = 7 * 24 * 3600;

// Of one worker, by host.
struct HdfsView {
  std::string state;  // In Service, Decommission In Progress, Decommissioned; empty: not known
  std::int64_t blocks_left = 0;
  std::int64_t open_blocks_left = 0;  // among them, of files that are being written
};
struct WorkView {
  std::string state;  // YARN's, or of the Spark master; empty: not known
  std::int64_t containers = 0;
};

Result<json::value> get(HttpClient& client, const ClusterEndpoints& endpoints, std::string url,
                        std::string_view what) {
  HttpRequest request;
  request.method = "GET";
  request.url = std::move(url);
  request.headers = {{"Accept", "application/json"}};
  request.hosts = endpoints.hosts;
  return json_answer(client.send(request), what);
}

Result<> tell_to_read(const ClusterEndpoints& endpoints, const HostPort& place,
                      const HadoopProtocol& protocol, std::string_view message) {
  const SocketOptions options{.silence_max = Millis{10'000}};
  BDAAS_ASSIGN(auto rpc, HadoopRpc::connect(endpoints, place, protocol, options));
  BDAAS_TRY(rpc.call("refreshNodes", message));
  return {};
}

// ---- HDFS ----

// One of NameNodeInfo's maps, which are JSON in a string, without the ports of its keys.
Result<std::map<std::string, json::value>> map_of(const json::value& bean, std::string_view name) {
  std::map<std::string, json::value> by_host;
  BDAAS_ASSIGN(const auto map, parse_json(text_at(bean, {name})));
  if (!map.is_object()) return fail(ErrorKind::corrupted, "the NameNode's {} is no map", name);
  for (const auto& [key, value] : map.get_object()) {
    const std::string_view host = key;
    by_host[std::string(host.substr(0, host.rfind(':')))] = value;
  }
  return by_host;
}

Result<std::map<std::string, HdfsView>> look_at_hdfs(HttpClient& client,
                                                     const ClusterEndpoints& endpoints) {
  BDAAS_ASSIGN(const auto answer,
               get(client, endpoints,
                   endpoints.namenode + "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo",
                   "cannot ask the NameNode for its DataNodes"));
  const json::value& beans = at_path(answer, {"beans"});
  if (!beans.is_array() || beans.get_array().empty()) {
    return fail(ErrorKind::unavailable, "the NameNode does not say yet which DataNodes it has");
  }
  const json::value& bean = beans.get_array().front();
  std::map<std::string, HdfsView> views;
  for (const char* name : {"DeadNodes", "LiveNodes"}) {
    BDAAS_ASSIGN(const auto nodes, map_of(bean, name));
    for (const auto& [host, node] : nodes) views[host].state = text_at(node, {"adminState"});
  }
  BDAAS_ASSIGN(const auto leaving, map_of(bean, "DecomNodes"));
  for (const auto& [host, node] : leaving) {
    views[host].blocks_left = number_at(node, {"underReplicatedBlocks"});
    views[host].open_blocks_left = number_at(node, {"underReplicateInOpenFiles"});
  }
  return views;
}

std::string text_of(const HdfsView& view) {
  if (view.state.empty()) return "its DataNode has not come to the NameNode yet";
  if (view.open_blocks_left > 0) {
    return fmt::format("{} blocks left to copy, {} of them of files that are being written",
                       view.blocks_left, view.open_blocks_left);
  }
  if (view.blocks_left > 0) return fmt::format("{} blocks left to copy", view.blocks_left);
  return "its blocks are being looked at";
}

// ---- programs ----

Result<std::map<std::string, WorkView>> look_at_yarn(HttpClient& client,
                                                     const ClusterEndpoints& endpoints) {
  BDAAS_ASSIGN(const auto answer,
               get(client, endpoints, endpoints.resource_manager + "/ws/v1/cluster/nodes",
                   "cannot ask YARN for its nodes"));
  std::map<std::string, WorkView> views;
  const json::value& nodes = at_path(answer, {"nodes", "node"});
  if (!nodes.is_array()) return views;
  for (const auto& node : nodes.get_array()) {
    views[text_at(node, {"nodeHostName"})] = {.state = text_at(node, {"state"}),
                                              .containers = number_at(node, {"numContainers"})};
  }
  return views;
}

Result<std::map<std::string, WorkView>> look_at_spark(HttpClient& client,
                                                      const ClusterEndpoints& endpoints) {
  BDAAS_ASSIGN(const auto answer, get(client, endpoints, endpoints.spark_master + "/json/",
                                      "cannot ask the Spark master for its workers"));
  std::map<std::string, WorkView> views;
  const json::value& workers = at_path(answer, {"workers"});
  if (!workers.is_array()) return views;
  for (const auto& worker : workers.get_array()) {
    WorkView& view = views[text_at(worker, {"host"})];
    view.state = text_at(worker, {"state"});
    view.containers += number_at(worker, {"coresused"});
  }
  return views;
}

bool is_gone(const WorkView& view) {
  for (const char* state : {"DECOMMISSIONED", "LOST", "SHUTDOWN", "DEAD"}) {
    if (view.state == state) return true;
  }
  return false;
}

bool yarn_lets_go(const WorkView& view) { return view.state == "DECOMMISSIONING" || is_gone(view); }

bool work_is_done(const WorkView& view, Scheduler scheduler) {
  return is_gone(view) ||
         (scheduler == Scheduler::standalone && view.state == "ALIVE" && view.containers == 0);
}

std::string text_of(const WorkView& view, Scheduler scheduler) {
  if (view.state.empty()) return "its scheduler has not heard of it yet";
  if (scheduler == Scheduler::standalone) {
    return fmt::format("{} cores in use by programs", view.containers);
  }
  if (view.containers > 0) return fmt::format("{} containers running", view.containers);
  return "programs that ran on it have not ended";
}

// ---- both ----

const Leaver* leaver_of(const ClusterFacts& cluster, const NodeFacts& node) {
  const auto found = std::find_if(cluster.leaving.begin(), cluster.leaving.end(),
                                  [&](const Leaver& leaver) { return leaver.id == node.id; });
  return found == cluster.leaving.end() ? nullptr : &*found;
}

struct Views {
  std::map<std::string, HdfsView> hdfs;
  std::map<std::string, WorkView> work;
};

// Whether a daemon has not done what its list says.
bool hdfs_differs(const Leaver* leaver, const HdfsView& view) {
  const bool lets_go = view.state.starts_with("Decommission");
  return !view.state.empty() && lets_go != (leaver != nullptr);
}

bool yarn_differs(const Leaver* leaver, const WorkView& view) {
  const bool leaves = leaver != nullptr && leaver->emptied;
  if (view.state.empty() || (leaves && is_gone(view))) return false;
  // Of one that stays only what YARN was told to do counts: a dead NodeManager is not let go.
  const bool lets_go = leaves ? yarn_lets_go(view)
                              : view.state == "DECOMMISSIONING" || view.state == "DECOMMISSIONED";
  return lets_go != leaves;
}

std::optional<Drain> drain_of(const Leaver* leaver, const HdfsView& hdfs, const WorkView& work,
                              Scheduler scheduler) {
  const bool back = !hdfs_differs(leaver, hdfs) &&
                    (scheduler == Scheduler::standalone || !yarn_differs(leaver, work));
  if (leaver == nullptr) {
    if (back) return std::nullopt;
    return Drain{.left = "comes back"};
  }
  if (hdfs.state != "Decommissioned") return Drain{.left = text_of(hdfs)};
  Drain drain{.emptied = true, .left = text_of(work, scheduler)};
  drain.done = leaver->emptied && work_is_done(work, scheduler);
  return drain;
}

}  // namespace

Result<Drains> decommission(HttpClient& client, const ClusterEndpoints& endpoints,
                            const ClusterFacts& cluster) {
  const Scheduler scheduler = cluster.spec.scheduler;
  Views seen;
  BDAAS_ASSIGN(seen.hdfs, look_at_hdfs(client, endpoints));
  BDAAS_ASSIGN(seen.work, scheduler == Scheduler::yarn ? look_at_yarn(client, endpoints)
                                                       : look_at_spark(client, endpoints));
  Drains drains;
  bool tell_hdfs = false;
  bool tell_yarn = false;
  for (const auto& node : cluster.nodes) {
    if (node.role != NodeRole::worker) continue;
    const Leaver* leaver = leaver_of(cluster, node);
    const HdfsView& hdfs = seen.hdfs[node.host];
    const WorkView& work = seen.work[node.host];
    tell_hdfs = tell_hdfs || hdfs_differs(leaver, hdfs);
    tell_yarn = tell_yarn || (scheduler == Scheduler::yarn && yarn_differs(leaver, work));
    if (auto drain = drain_of(leaver, hdfs, work, scheduler)) drains[node.id] = *std::move(drain);
  }
  if (tell_hdfs) {
    BDAAS_TRY(tell_to_read(endpoints, endpoints.namenode_rpc, kClientProtocol, "")
                  .context("cannot tell the NameNode who leaves"));
  }
  if (tell_yarn) {
    constexpr std::uint64_t kGraceful = 2;
    const auto message = WireWriter().number(1, kGraceful).number(2, kYarnPatienceSeconds).text();
    BDAAS_TRY(tell_to_read(endpoints, endpoints.resource_manager_admin,
                           kResourceManagerAdminProtocol, message)
                  .context("cannot tell YARN who leaves"));
  }
  return drains;
}

}  // namespace bdaas
