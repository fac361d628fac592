#pragma once
// A cluster's nodes as people name them, and where they are.

#include <optional>
#include <string>
#include <vector>

#include "cli/api.h"
#include "model/ssh_login.h"
#include "model/states.h"

namespace bdaas::cli {

struct ClusterNode {
  std::string id;       // "n-…"
  std::string name;     // "master", "worker-1"
  std::string host;     // "c-…-worker-1"
  std::string address;  // where its services listen
  std::string dir;      // the node's directory there; empty: it has no machine
  LeaseState state = LeaseState::requested;
  bool is_here = true;  // its machine is this computer
  std::optional<KnownSshLogin> login;
};

struct ClusterNodes {
  std::string cluster;
  std::string provider;
  std::string engine;
  std::string java_home;
  std::vector<ClusterNode> nodes;
};

// Pure; cluster: of GET /v1/clusters/{id}, nodes: the items of …/nodes.
Result<ClusterNodes> read_nodes(const json::value& cluster, const json::array& nodes);

// id: as the user gave it.
Result<ClusterNodes> ask_nodes(const Api& api, std::string_view id);

// By "master", "worker-2", a node's id, or the name of its host. not_found: none is called so;
// failed_precondition: nobody can log in there, and why.
Result<ClusterNode> find_node(const ClusterNodes& cluster, std::string_view wanted);

// "worker-1:/tmp/x". None: a path of this computer, for it has no ':' before its first '/'.
struct NodePath {
  std::string node;
  std::string path;
};
std::optional<NodePath> parse_node_path(std::string_view text);

// Below the node's directory unless it is absolute.
std::string path_on(const ClusterNode& node, const std::string& path);

// "[8080:]worker-1:9864"; local 0, as when it is not given: any free port.
struct NodePort {
  std::string node;
  std::int64_t port = 0;
  std::optional<std::int64_t> local;
};
Result<NodePort> parse_node_port(std::string_view text);

}  // namespace bdaas::cli
