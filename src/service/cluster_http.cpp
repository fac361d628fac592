#include "service/cluster_http.h"

#include "base/os_error.h"
#include "base/utf8.h"
#include "engine/ports.h"

namespace bdaas {
namespace {

struct KnownException {
  std::string_view name;
  ErrorKind kind;
};

constexpr KnownException kExceptions[] = {
    {"FileNotFoundException", ErrorKind::not_found},
    {"FileAlreadyExistsException", ErrorKind::conflict},
    {"PathIsNotEmptyDirectoryException", ErrorKind::conflict},
    {"AccessControlException", ErrorKind::permission_denied},
    {"SecurityException", ErrorKind::permission_denied},
    {"IllegalArgumentException", ErrorKind::invalid_argument},
    {"InvalidPathException", ErrorKind::invalid_argument},
    {"BadRequestException", ErrorKind::invalid_argument},
    {"NotFoundException", ErrorKind::not_found},
    {"ApplicationNotFoundException", ErrorKind::not_found},
    {"SafeModeException", ErrorKind::unavailable},
    {"StandbyException", ErrorKind::unavailable},
    {"RetriableException", ErrorKind::unavailable},
    {"LeaseExpiredException", ErrorKind::unavailable},
    {"AlreadyBeingCreatedException", ErrorKind::unavailable},
    {"NotReplicatedYetException", ErrorKind::throttled},
    {"RpcNoSuchMethodException", ErrorKind::internal},
    {"RpcNoSuchProtocolException", ErrorKind::internal},
    {"NoRouteToHostException", ErrorKind::unavailable},
    {"DSQuotaExceededException", ErrorKind::resource_exhausted},
    {"DiskOutOfSpaceException", ErrorKind::resource_exhausted},
};

std::optional<ErrorKind> kind_of(std::string_view exception, std::string_view message) {
  // IOExceptions, but in truth: no DataNode is there yet, or none has room.
  for (const auto* none : {"could only be written to 0 of", "Failed to find datanode"}) {
    if (message.find(none) != message.npos) return ErrorKind::unavailable;
  }
  for (const auto& known : kExceptions) {
    if (exception == known.name) return known.kind;
  }
  return std::nullopt;
}

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 400:
      return ErrorKind::invalid_argument;
    case 401:
      return ErrorKind::unauthenticated;
    case 403:
      return ErrorKind::permission_denied;
    case 404:
      return ErrorKind::not_found;
    case 429:
      return ErrorKind::throttled;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::internal;
  }
}

std::string first_line(std::string_view text, std::size_t bytes_max = 300) {
  std::string line = repair_utf8(std::string(text.substr(0, text.find('\n')).substr(0, bytes_max)));
  while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.pop_back();
  return line;
}

// A node behind SSH is dialled by its own sshd.
Dial dial_through(const ClusterFacts& cluster, RemoteHosts* remote) {
  std::map<std::string, SshLogin> logins;
  for (const auto& node : cluster.nodes) {
    if (node.ssh) logins.emplace(node.address, *node.ssh);
  }
  if (logins.empty()) return {};
  return [logins = std::move(logins), remote](UniqueFd socket, const std::string& address,
                                              std::uint16_t port, Millis timeout) -> Result<> {
    const auto login = logins.find(address);
    if (login == logins.end() || remote == nullptr) {
      return fail(ErrorKind::unavailable, "nothing is known of a way to {}", printable(address));
    }
    return remote->dial(login->second, std::move(socket), address, port, timeout);
  };
}

}  // namespace

ClusterEndpoints endpoints_of(const ClusterFacts& cluster, RemoteHosts* remote) {
  constexpr MasterPorts kPorts;
  ClusterEndpoints endpoints;
  auto hosts = std::make_shared<HostMap>();
  for (const auto& node : cluster.nodes) hosts->addresses[node.host] = node.address;
  hosts->dial = dial_through(cluster, remote);
  if (!cluster.nodes.empty()) {
    const std::string& master = cluster.nodes.front().host;
    endpoints.namenode = fmt::format("http://{}:{}", master, kPorts.namenode_http);
    endpoints.resource_manager = fmt::format("http://{}:{}", master, kPorts.rm_http);
    endpoints.spark_master = fmt::format("http://{}:{}", master, kPorts.spark_master_http);
    endpoints.driver = fmt::format("http://{}:{}", master, kPorts.driver_http);
    endpoints.namenode_rpc = {.host = master, .port = kPorts.namenode_rpc};
    endpoints.resource_manager_admin = {.host = master, .port = kPorts.rm_admin};
  }
  endpoints.user = cluster.user;
  endpoints.hosts = std::move(hosts);
  return endpoints;
}

Result<std::string> address_of(const ClusterEndpoints& endpoints, const std::string& host) {
  const auto& addresses = endpoints.hosts->addresses;
  const auto found = addresses.find(host);
  if (found != addresses.end()) return found->second;
  return fail(ErrorKind::not_found, "{} is not a node of this cluster", printable(host));
}

Error remote_exception(std::string_view java_class, std::string_view message,
                       std::string_view what) {
  const std::string name = printable(java_class.substr(java_class.rfind('.') + 1));
  return fail(kind_of(name, message).value_or(ErrorKind::unavailable), "{}: {}: {}", what,
              name.empty() ? "an exception without a name" : name, first_line(message));
}

Error remote_error(const HttpResponse& response, std::string_view what) {
  std::string exception;
  std::string message;
  if (const auto body = parse_json(response.body)) {
    exception = text_at(*body, {"RemoteException", "exception"});
    message = text_at(*body, {"RemoteException", "message"});
  }
  const ErrorKind kind = kind_of(exception, message).value_or(kind_of_status(response.status));
  if (message.empty()) return fail(kind, "{}: it answered with HTTP {}", what, response.status);
  return fail(kind, "{}: {}", what, first_line(message));
}

Result<json::value> json_answer(Result<HttpResponse> response, std::string_view what) {
  if (!response) return std::move(response).error().context(what);
  if (!response->ok()) return remote_error(*response, what);
  return parse_json(response->body).context(what);
}

const json::value& at_path(const json::value& value, std::initializer_list<std::string_view> path) {
  static const json::value kNull;
  const json::value* at = &value;
  for (const auto name : path) {
    if (!at->is_object()) return kNull;
    at = at->get_object().if_contains(name);
    if (at == nullptr) return kNull;
  }
  return *at;
}

std::string text_at(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value& found = at_path(value, path);
  return found.is_string() ? std::string(std::string_view(found.get_string())) : std::string();
}

std::int64_t number_at(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value& found = at_path(value, path);
  if (found.is_int64()) return found.get_int64();
  if (found.is_double()) return static_cast<std::int64_t>(found.get_double());
  return 0;
}

}  // namespace bdaas
