#include "cli/nodes/tunnel.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "base/os_error.h"
#include "cli/table.h"
#include "cli/text.h"

namespace bdaas::cli {

namespace {

std::string host_and_port(const std::string& address, std::int64_t port) {
  const bool is_ipv6 = address.find(':') != address.npos;
  return fmt::format(fmt::runtime(is_ipv6 ? "[{}]:{}" : "{}:{}"), address, port);
}

// Where it is reached from here.
std::string place_of(const Forward& forward) {
  return forward.local_port == 0 ? host_and_port(forward.node.address, forward.port)
                                 : host_and_port("127.0.0.1", forward.local_port);
}

std::string url_of(const Forward& forward) { return "http://" + place_of(forward) + forward.start; }

std::string socks_url(std::int64_t port) { return fmt::format("socks5h://127.0.0.1:{}", port); }

}  // namespace

Result<std::vector<Forward>> page_forwards(const ClusterNodes& cluster, const json::array& pages) {
  BDAAS_ASSIGN(const auto master, find_node(cluster, "master"));
  std::vector<Forward> forwards;
  std::set<std::int64_t> ports;
  for (const auto& page : pages) {
    const auto* port = find_path(page, "port");
    if (text_at(page, "host") != master.host || port == nullptr || !port->is_int64()) continue;
    // The driver's page under YARN is a path of the ResourceManager's.
    if (!ports.insert(port->get_int64()).second) continue;
    forwards.push_back({.node = master,
                        .port = port->get_int64(),
                        .title = text_at(page, "title"),
                        .start = text_at(page, "start")});
  }
  return forwards;
}

Result<ClusterNode> gate_of(const ClusterNodes& cluster, std::span<const Forward> forwards,
                            bool socks) {
  const auto is_other = [&](const Forward& forward) {
    return forward.node.id != forwards.front().node.id;
  };
  const bool one = !forwards.empty() && std::none_of(forwards.begin(), forwards.end(), is_other);
  if (one && !socks) return forwards.front().node;
  return find_node(cluster, "master");
}

Words tunnel_options(std::span<const Forward> forwards, std::optional<std::int64_t> socks) {
  Words words{"-N", "-T", "-o", "ExitOnForwardFailure=yes"};
  for (const auto& forward : forwards) {
    if (forward.local_port == 0) continue;
    words.insert(words.end(),
                 {"-L", fmt::format("127.0.0.1:{}:{}", forward.local_port,
                                    host_and_port(forward.node.address, forward.port))});
  }
  if (socks) words.insert(words.end(), {"-D", fmt::format("127.0.0.1:{}", *socks)});
  return words;
}

Words tunnel_lines(std::span<const Forward> forwards, std::optional<std::int64_t> socks) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& forward : forwards) {
    auto what = fmt::format("{}:{}", forward.node.name, forward.port);
    if (!forward.title.empty()) what = fmt::format("{} ({})", forward.title, what);
    lines.emplace_back(forward.title.empty() ? place_of(forward) : url_of(forward), what);
  }
  if (socks)
    lines.emplace_back(socks_url(*socks), "all ports of all nodes, as the master sees them");
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, display_width(line.first));
  Words texts;
  for (const auto& [left, right] : lines) {
    texts.push_back(fmt::format("{}  {}", pad_right(left, width), right));
  }
  return texts;
}

json::object tunnel_json(std::span<const Forward> forwards, std::optional<std::int64_t> socks) {
  json::array items;
  for (const auto& forward : forwards) {
    json::object item{
        {"node", forward.node.name}, {"port", forward.port}, {"url", url_of(forward)}};
    if (!forward.title.empty()) item["title"] = forward.title;
    if (forward.local_port != 0) item["local_port"] = forward.local_port;
    items.push_back(std::move(item));
  }
  json::object map{{"forwards", std::move(items)}};
  if (socks) map["socks"] = socks_url(*socks);
  return map;
}

Result<std::int64_t> LocalPorts::take(std::int64_t wanted) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return os_error(errno, "cannot make a socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(wanted));
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const int yes = 1;  // as ssh does, or a port that was just given back would be refused
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(fd.get(), generic, size) != 0 || ::listen(fd.get(), 1) != 0) {
    const int code = errno;
    return fail(ErrorKind::conflict, "{}",
                os_error(code, fmt::format("cannot listen on 127.0.0.1:{}", wanted)).message);
  }
  ::getsockname(fd.get(), generic, &size);
  held_.push_back(std::move(fd));
  return static_cast<std::int64_t>(ntohs(address.sin_port));
}

Result<std::int64_t> LocalPorts::take_or_any(std::int64_t preferred) {
  auto port = take(preferred);
  return port ? port : take(0);
}

}  // namespace bdaas::cli
