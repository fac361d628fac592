// Clusters and their nodes.

#include <map>

#include "api/routes.h"

namespace bdaas::api {

namespace {

Result<Created<Cluster>> create_cluster(const Call& call, FromBody<ClusterSpec> spec) {
  BDAAS_ASSIGN(auto cluster, call.api.commands.create_cluster(call.user, std::move(spec.value)));
  auto location = "/v1/clusters/" + cluster.id.text;
  return Created<Cluster>{std::move(cluster), std::move(location)};
}

Result<ClusterCheck> check_cluster(const Call& call, FromBody<ClusterCheckRequest> wish) {
  BDAAS_ASSIGN(auto memory,
               call.api.commands.check_cluster(wish.value.place, wish.value.data_bytes));
  return ClusterCheck{memory};
}

Result<Page<Cluster>> list_clusters(const Call& call, FromQuery<PageQuery> page) {
  return own_page<Cluster>(call, page.value);
}

Result<Cluster> get_cluster(const Call& call, FromPath<ClusterId> id) {
  return own_row<Cluster>(call, id.value);
}

Result<Cluster> resize_cluster(const Call& call, FromPath<ClusterId> id,
                               FromBody<ResizeRequest> wish) {
  return call.api.commands.resize_cluster(call.user, id.value, wish.value.workers);
}

Result<Cluster> terminate_cluster(const Call& call, FromPath<ClusterId> id) {
  return call.api.commands.terminate_cluster(call.user, id.value);
}

void add_logins(const Call& call, std::vector<NodeView>& nodes) {
  std::vector<NodeView*> behind_ssh;
  std::vector<SshLogin> logins;
  for (auto& node : nodes) {
    if (!node.machine || !node.machine->ssh) continue;
    behind_ssh.push_back(&node);
    logins.push_back(*node.machine->ssh);
  }
  if (logins.empty() || !call.api.known_logins) return;
  auto known = call.api.known_logins(logins);
  if (!known) {  // the nodes are worth seeing all the same
    return call.api.log.warning("nobody can be told how to log in: {}", known.error().message);
  }
  for (std::size_t i = 0; i < behind_ssh.size(); ++i) {
    behind_ssh[i]->login = std::move((*known)[i]);
  }
}

Result<Items<NodeView>> list_nodes(const Call& call, FromPath<ClusterId> id) {
  BDAAS_TRY(own_row<Cluster>(call, id.value));
  const Query of_cluster{.parent = id.value.text};
  BDAAS_ASSIGN(auto nodes, call.api.store.list<Node>(of_cluster));
  BDAAS_ASSIGN(auto leases, call.api.store.list<Lease>(of_cluster));
  std::map<LeaseId, Lease*> lease_of;
  for (auto& lease : leases) lease_of[lease.id] = &lease;
  Items<NodeView> views;
  for (auto& node : nodes) {
    NodeView view{std::move(node)};
    if (const auto found = lease_of.find(view.lease); found != lease_of.end()) {
      view.status = found->second->status;
      view.machine = std::move(found->second->machine);
      view.expires_at = found->second->expires_at;
    }
    views.items.push_back(std::move(view));
  }
  add_logins(call, views.items);
  return views;
}

}  // namespace

std::vector<Route> cluster_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(
      route("POST", "/v1/clusters", "create_cluster", "Start a cluster", create_cluster)
          .may_fail({not_found, conflict, failed_precondition, resource_exhausted}));
  routes.push_back(route("POST", "/v1/cluster-checks", "check_cluster",
                         "What a cluster would get, or why there would be none; starts nothing",
                         check_cluster)
                       .may_fail({not_found, conflict, failed_precondition, resource_exhausted}));
  routes.push_back(route("GET", "/v1/clusters", "list_clusters", "List clusters", list_clusters)
                       .may_fail({not_found}));
  routes.push_back(
      route("GET", "/v1/clusters/{id}", "get_cluster", "Describe a cluster", get_cluster));
  routes.push_back(route("GET", "/v1/clusters/{id}/nodes", "list_nodes",
                         "The nodes of a cluster, with their machines", list_nodes));
  routes.push_back(route("POST", "/v1/clusters/{id}/resize", "resize_cluster",
                         "Change the number of workers", resize_cluster)
                       .may_fail({conflict, failed_precondition, resource_exhausted}));
  routes.push_back(route("POST", "/v1/clusters/{id}/terminate", "terminate_cluster",
                         "Give a cluster's machines back; again is harmless", terminate_cluster)
                       .may_fail({conflict, failed_precondition}));
  return routes;
}

}  // namespace bdaas::api
