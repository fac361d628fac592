#include "service/decommission.h"

#include <algorithm>

#include "engine/ports.h"
#include "service/native/hadoop_rpc.h"
#include "service/native/wire.h"

namespace bdaas {
namespace {

// YARN would end containers that are still there by then. The manager gives up long before.
constexpr std::uint64_t kYarnPatienceSeconds = 7 * 24 * 3600;

std::string count_of(std::int64_t number, std::string_view thing) {
  return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

// Of one worker, by host.
struct HdfsView {
  std::string state;  // In Service, Decommission In Progress, Decommissioned; empty: not known
  std::int64_t blocks_left = 0;
  std::int64_t transfers = 0;  // of its DataNode: blocks being written, read or copied there
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

struct Hdfs {
  std::map<std::string, HdfsView> workers;
  std::int64_t blocks_at_risk = 0;  // with fewer copies than they shall have, or just being copied
};

// The MBeans of a daemon that fit; at least one.
Result<json::array> beans_of(HttpClient& client, const ClusterEndpoints& endpoints,
                             const std::string& server, std::string_view name,
                             std::string_view what) {
  const auto url = fmt::format("{}/jmx?qry=Hadoop:service={}", server, name);
  BDAAS_ASSIGN(const auto answer, get(client, endpoints, url, what));
  const json::value& beans = at_path(answer, {"beans"});
  if (beans.is_array() && !beans.get_array().empty()) return beans.get_array();
  return fail(ErrorKind::unavailable, "{}: it is not that far yet", what);
}

Result<Hdfs> look_at_hdfs(HttpClient& client, const ClusterEndpoints& endpoints) {
  BDAAS_ASSIGN(const auto infos,
               beans_of(client, endpoints, endpoints.namenode, "NameNode,name=NameNodeInfo",
                        "cannot ask the NameNode for its DataNodes"));
  BDAAS_ASSIGN(const auto states,
               beans_of(client, endpoints, endpoints.namenode, "NameNode,name=*State",
                        "cannot ask the NameNode for its blocks"));
  Hdfs hdfs;
  for (const auto& state : states) {
    hdfs.blocks_at_risk += number_at(state, {"LowRedundancyReplicatedBlocks"}) +
                           number_at(state, {"PendingReplicationBlocks"});
  }
  auto& views = hdfs.workers;
  for (const char* name : {"DeadNodes", "LiveNodes"}) {
    BDAAS_ASSIGN(const auto nodes, map_of(infos.front(), name));
    for (const auto& [host, node] : nodes) views[host].state = text_at(node, {"adminState"});
  }
  BDAAS_ASSIGN(const auto leaving, map_of(infos.front(), "DecomNodes"));
  for (const auto& [host, node] : leaving) {
    views[host].blocks_left = number_at(node, {"underReplicatedBlocks"});
  }
  return hdfs;
}

// A block that is being written is on no list of the NameNode's: only its DataNode knows of it.
Result<std::int64_t> transfers_at(HttpClient& client, const ClusterEndpoints& endpoints,
                                  const NodeFacts& node) {
  const auto server = fmt::format("http://{}:{}", node.host, datanode_ports(node.index).http);
  BDAAS_ASSIGN(const auto infos, beans_of(client, endpoints, server, "DataNode,name=DataNodeInfo",
                                          "cannot ask the DataNode that leaves"));
  return number_at(infos.front(), {"XceiverCount"}) + number_at(infos.front(), {"XmitsInProgress"});
}

// What keeps it from being empty; nothing: it is.
std::string text_of(const HdfsView& view, std::int64_t blocks_at_risk) {
  if (view.state.empty()) return "its DataNode has not come to the NameNode yet";
  if (view.state == "Decommission In Progress") {
    return view.blocks_left == 0 ? "its blocks are being looked at"
                                 : count_of(view.blocks_left, "block") + " left to copy";
  }
  if (view.transfers > 0) {
    return count_of(view.transfers, "block") + " being written or read there";
  }
  if (view.state != "Decommissioned") return "HDFS is being told";
  if (blocks_at_risk == 0) return "";
  return count_of(blocks_at_risk, "block") + " of HDFS not copied everywhere yet";
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
    return count_of(view.containers, "core") + " in use by programs";
  }
  if (view.containers > 0) return count_of(view.containers, "container") + " running";
  return view.state == "DECOMMISSIONING" ? "programs that ran on it have not ended"
                                         : "YARN is being told";
}

// ---- both ----

const Leaver* leaver_of(const ClusterFacts& cluster, const NodeFacts& node) {
  const auto found = std::find_if(cluster.leaving.begin(), cluster.leaving.end(),
                                  [&](const Leaver& leaver) { return leaver.id == node.id; });
  return found == cluster.leaving.end() ? nullptr : &*found;
}

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

std::optional<Drain> drain_of(const Leaver* leaver, const HdfsView& hdfs,
                              std::int64_t blocks_at_risk, const WorkView& work,
                              Scheduler scheduler) {
  const bool back = !hdfs_differs(leaver, hdfs) &&
                    (scheduler == Scheduler::standalone || !yarn_differs(leaver, work));
  if (leaver == nullptr) {
    if (back) return std::nullopt;
    return Drain{.left = "comes back"};
  }
  if (auto left = text_of(hdfs, blocks_at_risk); !left.empty()) {
    return Drain{.left = std::move(left)};
  }
  Drain drain{.emptied = true, .left = text_of(work, scheduler)};
  drain.done = leaver->emptied && work_is_done(work, scheduler);
  return drain;
}

}  // namespace

Result<Drains> decommission(HttpClient& client, const ClusterEndpoints& endpoints,
                            const ClusterFacts& cluster) {
  const Scheduler scheduler = cluster.spec.scheduler;
  BDAAS_ASSIGN(auto hdfs, look_at_hdfs(client, endpoints));
  BDAAS_ASSIGN(auto work, scheduler == Scheduler::yarn ? look_at_yarn(client, endpoints)
                                                       : look_at_spark(client, endpoints));
  Drains drains;
  bool tell_hdfs = false;
  bool tell_yarn = false;
  bool busy = false;
  for (const auto& node : cluster.nodes) {
    if (node.role != NodeRole::worker) continue;
    const Leaver* leaver = leaver_of(cluster, node);
    HdfsView& stored = hdfs.workers[node.host];
    const WorkView& runs = work[node.host];
    const bool differs = hdfs_differs(leaver, stored);
    if (leaver != nullptr && (differs || stored.state == "Decommissioned")) {
      BDAAS_ASSIGN(stored.transfers, transfers_at(client, endpoints, node));
    }
    tell_hdfs = tell_hdfs || differs;
    busy = busy || (differs && stored.transfers > 0);
    tell_yarn = tell_yarn || (scheduler == Scheduler::yarn && yarn_differs(leaver, runs));
    auto drain = drain_of(leaver, stored, hdfs.blocks_at_risk, runs, scheduler);
    if (drain) drains[node.id] = *std::move(drain);
  }
  // Not under a writer: its file could not be closed, for a block on a decommissioned DataNode
  // alone counts for none.
  if (tell_hdfs && !busy) {
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
