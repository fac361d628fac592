#pragma once
// How the services of a cluster are spoken to: its names and ports, its user, its errors. Any
// thread.

#include "model/engine.h"
#include "model/remote_hosts.h"
#include "net/http_client.h"

namespace bdaas {

// How long a daemon that is being read from may say nothing.
inline constexpr Millis kSilenceMax{60'000};

struct HostPort {
  std::string host;
  std::int64_t port = 0;
};

// Where they listen; by symbolic names, which `hosts` resolves.
struct ClusterEndpoints {
  std::string namenode;  // http://host:port
  std::string resource_manager;
  std::string spark_master;  // of a standalone cluster, as is the driver
  std::string driver;
  HostPort namenode_rpc;
  HostPort resource_manager_admin;  // RPC too
  std::string user;                 // whom everything is done as
  std::shared_ptr<const HostMap> hosts;
};

// remote: carries the connections to nodes that are reached by SSH; it outlives the endpoints.
// Null: there are no such nodes.
ClusterEndpoints endpoints_of(const ClusterFacts& cluster, RemoteHosts* remote);

// The numeric address of a host of the table. not_found
Result<std::string> address_of(const ClusterEndpoints& endpoints, const std::string& host);

// An exception that came over Hadoop's RPC, with its class and the first line of its message.
// throttled: the daemon is not that far, and wants to be asked again soon. unavailable: also what
// is not known.
Error remote_exception(std::string_view java_class, std::string_view message,
                       std::string_view what);

// An answer that is no success, as an error: Hadoop's RemoteException where there is one. `what`
// says what was tried: "cannot list /data".
Error remote_error(const HttpResponse& response, std::string_view what);

// The body of a successful answer as JSON.
Result<json::value> json_answer(Result<HttpResponse> response, std::string_view what);

// value.a.b.c, or null where a part is missing.
const json::value& at_path(const json::value& value, std::initializer_list<std::string_view> path);
std::string text_at(const json::value& value, std::initializer_list<std::string_view> path);
std::int64_t number_at(const json::value& value, std::initializer_list<std::string_view> path);

}  // namespace bdaas
