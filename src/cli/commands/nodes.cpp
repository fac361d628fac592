// bdaas ssh, cp and tunnel: to the nodes of a cluster, by the programs of OpenSSH.

#include <unistd.h>

#include <array>
#include <iterator>

#include "base/shell_quote.h"
#include "base/subprocess.h"
#include "cli/become.h"
#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/nodes/tunnel.h"
#include "cli/units.h"

namespace bdaas::cli {

namespace {

constexpr std::string_view kSshPackage = "openssh-client";
constexpr std::string_view kCopyPackage = "coreutils";

constexpr Positional kCluster{"CLUSTER", "id of a cluster, c-…"};
constexpr Positional kNode{"NODE", "master (default), worker-1, …, or a node's id, n-…",
                           Count::optional};
constexpr Positional kSource{"SRC", "a path, or NODE:PATH"};
constexpr Positional kTarget{"DST", "a path, or NODE:PATH; one of them is of a node"};
constexpr Positional kPorts{
    "PORT", "NODE:PORT or LOCAL:NODE:PORT, such as master:9870; default: the master's web pages",
    Count::any};
constexpr Option kTty{"--tty", "", "with a terminal, for programs such as top", false, 't'};
constexpr Option kRecursive{"--recursive", "", "directories with what is in them", false, 'r'};
constexpr Option kForward{"--forward", "[LOCAL:]NODE:PORT", "as PORT, the way ssh writes it", true,
                          'L'};
constexpr Option kSocks{"--socks", "PORT",
                        "a SOCKS proxy to all nodes on that local port; 0: a free one"};
constexpr Option kDryRun{"--dry-run", "", "print the command instead of running it"};
constexpr std::array kSshWords = {kCluster, kNode};
constexpr std::array kCpWords = {kCluster, kSource, kTarget};
constexpr std::array kTunnelWords = {kCluster, kPorts};
constexpr std::array kSshOptions = {kTty, kDryRun};
constexpr std::array kCpOptions = {kRecursive, kDryRun};
constexpr std::array kTunnelOptions = {kForward, kSocks, kDryRun};

void append(Words& words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
}

// The program's output is what it prints, so there is JSON of the command only.
Result<> check_json(const Session& session, const Arguments& arguments) {
  if (!session.json() || arguments.has(kDryRun)) return {};
  return fail(ErrorKind::invalid_argument, "--json goes with --dry-run here");
}

Result<ExitCode> carry_out(Session& session, const Arguments& arguments, const Words& argv,
                           std::string_view package) {
  if (!arguments.has(kDryRun)) return become(argv, package);
  session.tell(shell_quote(argv), json::object{{"argv", to_json(argv)}});
  return ExitCode::ok;
}

Result<Words> login_options(const Session& session, const ClusterNode& node) {
  const SshTarget target{node.name, node.login.value()};
  BDAAS_ASSIGN(const auto text, known_hosts_text(target));
  BDAAS_ASSIGN(const auto state, session.state_dir());
  BDAAS_ASSIGN(const auto known_hosts, write_known_hosts(fs::absolute(state.ssh()), text));
  return ssh_options(target, known_hosts);
}

// ---- bdaas ssh ----

std::map<std::string, std::string> environment_on(const ClusterNodes& cluster,
                                                  const ClusterNode& node) {
  if (cluster.engine != "spark") return {};
  std::map<std::string, std::string> env{{"HADOOP_CONF_DIR", node.dir + "/conf"}};
  if (!cluster.java_home.empty()) env["JAVA_HOME"] = cluster.java_home;
  return env;
}

Result<ExitCode> ssh(Session& session, const Arguments& arguments) {
  BDAAS_TRY(check_json(session, arguments));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto cluster, ask_nodes(*api, arguments.at(kCluster)));
  BDAAS_ASSIGN(const auto node, find_node(cluster, arguments.text(kNode).value_or("master")));
  const auto& command = arguments.rest();
  const auto there = words_in(node.dir, environment_on(cluster, node), command);
  if (node.is_here) {
    session.err().write(fmt::format("{} is on this machine: {} in its directory {}\n", node.name,
                                    command.empty() ? "a shell" : "the command runs", node.dir));
    return carry_out(session, arguments, there, kCopyPackage);
  }
  Words argv{"ssh"};
  BDAAS_ASSIGN(const auto options, login_options(session, node));
  append(argv, options);
  const bool shell = command.empty() && ::isatty(STDIN_FILENO) == 1;
  argv.emplace_back(shell || arguments.has(kTty) ? "-t" : "-T");
  append(argv, {node.name, shell_quote(there)});
  return carry_out(session, arguments, argv, kSshPackage);
}

// ---- bdaas cp ----

Result<std::string> version_of_ssh() {
  if (!find_program("ssh")) return std::string();  // said when scp is to be run
  BDAAS_ASSIGN(
      const auto asked,
      run({.argv = {"ssh", "-V"}, .env = {}, .working_dir = {}, .on_line = {}, .on_start = {}}));
  return asked.err;
}

Result<ExitCode> cp(Session& session, const Arguments& arguments) {
  BDAAS_TRY(check_json(session, arguments));
  const auto& source = arguments.at(kSource);
  const auto& target = arguments.at(kTarget);
  const auto from = parse_node_path(source);
  const auto to = parse_node_path(target);
  if (from.has_value() == to.has_value()) {
    return fail(ErrorKind::invalid_argument,
                "{} of '{}' and '{}' is NODE:PATH, and exactly one has to be; a path of this "
                "machine with ':' in it is written with ./ before it",
                from ? "each" : "none", source, target);
  }
  const auto& there = from ? *from : *to;
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto cluster, ask_nodes(*api, arguments.at(kCluster)));
  BDAAS_ASSIGN(const auto node, find_node(cluster, there.node));
  const auto path = path_on(node, there.path);
  const auto here = local_path(from ? target : source);
  if (node.is_here) {
    Words argv{"cp", "-L"};
    if (arguments.has(kRecursive)) argv.emplace_back("-r");
    append(argv, from ? Words{"--", path, here} : Words{"--", here, path});
    return carry_out(session, arguments, argv, kCopyPackage);
  }
  BDAAS_ASSIGN(const auto version, version_of_ssh());
  const auto way = scp_way_of(version);
  Words argv{"scp"};
  if (way == ScpWay::sftp) argv.emplace_back("-s");
  if (arguments.has(kRecursive)) argv.emplace_back("-r");
  BDAAS_ASSIGN(const auto options, login_options(session, node));
  append(argv, options);
  append(argv, from ? Words{"--", scp_source(node.name, path, way), here}
                    : Words{"--", here, scp_target(node.name, path, way)});
  return carry_out(session, arguments, argv, kSshPackage);
}

// ---- bdaas tunnel ----

Result<std::vector<NodePort>> read_ports(const Arguments& arguments) {
  std::vector<NodePort> ports;
  for (const auto& words : {arguments.list(kPorts), arguments.list(kForward)}) {
    for (const auto& word : words) {
      BDAAS_ASSIGN(auto port, parse_node_port(word));
      ports.push_back(std::move(port));
    }
  }
  return ports;
}

// Those that are named, else the master's pages.
Result<std::vector<Forward>> wanted_forwards(const Api& api, const ClusterNodes& cluster,
                                             const std::vector<NodePort>& ports, bool socks) {
  std::vector<Forward> forwards;
  for (const auto& port : ports) {
    BDAAS_ASSIGN(auto node, find_node(cluster, port.node));
    forwards.push_back({.node = std::move(node),
                        .port = port.port,
                        .title = {},
                        .start = {},
                        .wanted = port.local});
  }
  if (!forwards.empty()) return forwards;
  BDAAS_ASSIGN(const auto path, path_of(kClusterWords, cluster.cluster));
  BDAAS_ASSIGN(const auto pages, api.list(path + "/pages"));
  BDAAS_ASSIGN(forwards, page_forwards(cluster, pages));
  if (forwards.empty() && !socks) {
    return fail(ErrorKind::failed_precondition,
                "cluster {} shows no web pages; say which port of which node, NODE:PORT",
                cluster.cluster);
  }
  return forwards;
}

// The ports stay ours until ssh takes them, in place of this process.
Result<> take_ports(LocalPorts& ports, std::vector<Forward>& forwards,
                    std::optional<std::int64_t>& socks) {
  if (socks) {
    BDAAS_ASSIGN(socks, ports.take(*socks));
  }
  for (auto& forward : forwards) {
    if (!forward.wanted) continue;
    BDAAS_ASSIGN(forward.local_port, ports.take(*forward.wanted));
  }
  for (auto& forward : forwards) {
    if (forward.wanted) continue;
    BDAAS_ASSIGN(forward.local_port, ports.take_or_any(forward.port));
  }
  return {};
}

// ssh runs it when it listens.
Words announcement(const Words& lines) {
  Words print{"printf", "%s\\n"};
  append(print, lines);
  std::string command;
  for (const char c : shell_quote(print)) command += c == '%' ? "%%" : std::string(1, c);
  return {"-o", "PermitLocalCommand=yes", "-o", "LocalCommand=" + command};
}

Result<ExitCode> tunnel(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto ports, read_ports(arguments));
  std::optional<std::int64_t> socks;
  if (const auto text = arguments.text(kSocks)) {
    BDAAS_ASSIGN(socks, parse_integer(*text, 0, 65'535).context(kSocks.name));
  }
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto cluster, ask_nodes(*api, arguments.at(kCluster)));
  BDAAS_ASSIGN(auto forwards, wanted_forwards(*api, cluster, ports, socks.has_value()));
  BDAAS_ASSIGN(const auto gate, gate_of(cluster, forwards, socks.has_value()));
  LocalPorts local;
  if (!gate.is_here) {
    BDAAS_TRY(take_ports(local, forwards, socks));
  } else if (socks || std::any_of(forwards.begin(), forwards.end(),
                                  [](const Forward& one) { return one.wanted.has_value(); })) {
    return fail(ErrorKind::invalid_argument,
                "cluster {} is on this machine: its ports are reached without a tunnel, and no "
                "local one can be chosen",
                cluster.cluster);
  }
  const auto map = tunnel_json(forwards, socks);
  const auto lines = session.json() ? Words{write_json(map)} : tunnel_lines(forwards, socks);
  if (gate.is_here) {
    session.err().write("the nodes are on this machine: no tunnel is needed\n");
    for (const auto& line : lines) session.out().write(line + "\n");
    return ExitCode::ok;
  }
  Words argv{"ssh"};
  BDAAS_ASSIGN(const auto options, login_options(session, gate));
  append(argv, options);
  append(argv, tunnel_options(forwards, socks));
  append(argv, announcement(lines));
  argv.push_back(gate.name);
  return carry_out(session, arguments, argv, kSshPackage);
}

}  // namespace

const Verb kSsh{
    kSshWords, kSshOptions, ssh, true,
    "ARGS are a command and its arguments, run as they are in the node's directory; for "
    "pipes and patterns\nuse -- sh -c '…'. Without it there is a shell. The exit code is "
    "that of the command; 255: ssh failed."};
const Verb kCp{kCpWords, kCpOptions, cp, false,
               "A PATH that does not begin with / is below the node's directory. The exit code is "
               "that of scp."};
const Verb kTunnel{
    kTunnelWords, kTunnelOptions, tunnel, false,
    "It stays until Ctrl-C. What is printed, a line for each port or with --json one "
    "object, comes when the ports are open.\nThe local port is that of the node where "
    "it is free, else any. Programs of this machine reach them, and no other."};

}  // namespace bdaas::cli
