#include "cli/nodes/node.h"

#include <algorithm>

#include "base/os_error.h"
#include "cli/commands/common.h"
#include "cli/known_members.h"
#include "cli/units.h"

namespace bdaas::cli {

namespace {

constexpr std::int64_t kPortMax = 65'535;

Result<ClusterNode> read_node(const json::value& row) {
  ClusterNode node;
  node.id = text_at(row, "id");
  node.host = text_at(row, "host");
  node.name = text_at(row, "role");
  if (node.name != "master") node.name += "-" + text_at(row, "index");
  node.address = text_at(row, "machine.address");
  node.dir = text_at(row, "machine.dir");
  node.is_here = find_path(row, "machine.ssh") == nullptr;
  const auto state = text_at(row, "status.state");
  const auto known = from_text<LeaseState>(state);
  if (!known) {
    return fail(ErrorKind::corrupted,
                "the manager's answer: node {} is '{}', which is unknown here", node.id,
                printable(state));
  }
  node.state = *known;
  if (const auto* login = find_path(row, "login")) {
    BDAAS_ASSIGN(node.login, noun_from<KnownSshLogin>(*login));
  }
  return node;
}

Result<> check_usable(const ClusterNodes& cluster, const ClusterNode& node) {
  constexpr auto kKind = ErrorKind::failed_precondition;
  if (cluster.provider == "fake") {
    return fail(kKind, "cluster {} is a demonstration: nobody can log in to its invented machines",
                cluster.cluster);
  }
  switch (node.state) {
    case LeaseState::rented:
    case LeaseState::ready:
    case LeaseState::releasing:
    case LeaseState::release_failed:
      break;
    case LeaseState::requested:
      return fail(kKind,
                  "{} of cluster {} has no machine yet; `bdaas clusters nodes {}` shows when",
                  node.name, cluster.cluster, cluster.cluster);
    default:
      return fail(kKind, "{} of cluster {} has no machine any more: it is {}", node.name,
                  cluster.cluster, to_text(node.state));
  }
  if (node.dir.empty() || (!node.is_here && !node.login)) {
    return fail(kKind,
                "the manager does not say how {} of cluster {} is reached; manager.log may "
                "tell why",
                node.name, cluster.cluster);
  }
  return {};
}

}  // namespace

Result<ClusterNodes> read_nodes(const json::value& cluster, const json::array& nodes) {
  ClusterNodes found{.cluster = text_at(cluster, "id"),
                     .provider = text_at(cluster, "spec.provider"),
                     .engine = text_at(cluster, "spec.engine"),
                     .java_home = text_at(cluster, "release.java_home"),
                     .nodes = {}};
  for (const auto& row : nodes) {
    BDAAS_ASSIGN(auto node, read_node(row));
    found.nodes.push_back(std::move(node));
  }
  return found;
}

Result<ClusterNodes> ask_nodes(const Api& api, std::string_view id) {
  BDAAS_ASSIGN(const auto path, path_of(kClusterWords, id));
  BDAAS_ASSIGN(const auto cluster, api.get(path));
  BDAAS_ASSIGN(const auto nodes, api.list(path + "/nodes"));
  return read_nodes(cluster, nodes);
}

Result<ClusterNode> find_node(const ClusterNodes& cluster, std::string_view wanted) {
  const auto is_meant = [&](const ClusterNode& node) {
    return node.name == wanted || node.id == wanted || node.host == wanted;
  };
  const auto found = std::find_if(cluster.nodes.begin(), cluster.nodes.end(), is_meant);
  if (found != cluster.nodes.end()) {
    BDAAS_TRY(check_usable(cluster, *found));
    return *found;
  }
  std::vector<std::string_view> names;
  for (const auto& node : cluster.nodes) names.push_back(node.name);
  return fail(ErrorKind::not_found,
              "cluster {} has no node '{}'{}; `bdaas clusters nodes {}` shows those it has",
              cluster.cluster, printable(wanted), did_you_mean(wanted, names), cluster.cluster);
}

std::optional<NodePath> parse_node_path(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0 || text.find('/') < colon) return std::nullopt;
  return NodePath{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string path_on(const ClusterNode& node, const std::string& path) {
  if (path.starts_with('/')) return path;
  return path.empty() ? node.dir : node.dir + "/" + path;
}

Result<NodePort> parse_node_port(std::string_view text) {
  const auto last = text.rfind(':');
  if (last == text.npos || last == 0) {
    return fail(ErrorKind::invalid_argument,
                "'{}' is no port of a node; write NODE:PORT, such as master:9870, or "
                "LOCAL:NODE:PORT",
                printable(text));
  }
  NodePort wish;
  BDAAS_ASSIGN(wish.port,
               parse_integer(text.substr(last + 1), 1, kPortMax).context("the port of the node"));
  auto node = text.substr(0, last);
  if (const auto first = node.find(':'); first != node.npos) {
    BDAAS_ASSIGN(wish.local,
                 parse_integer(node.substr(0, first), 0, kPortMax).context("the local port"));
    node.remove_prefix(first + 1);
  }
  if (node.empty() || node.find(':') != node.npos) {
    return fail(ErrorKind::invalid_argument, "'{}' names no node; write [LOCAL:]NODE:PORT",
                printable(text));
  }
  wish.node = node;
  return wish;
}

}  // namespace bdaas::cli
