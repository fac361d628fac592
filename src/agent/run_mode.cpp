#include "agent/run_mode.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "agent/agent.h"
#include "base/background.h"
#include "base/os_error.h"
#include "base/tcp_bind.h"
#include "model/local_claim.h"

namespace bdaas {

namespace {

constexpr std::string_view kSocketName = "agent.sock";
constexpr int kAlreadyRuns = 3;

struct Claims {
  UniqueFd lock;     // one agent a directory
  UniqueFd address;  // one installation an address; invalid when the node has none of its own
};

Result<AgentConfig> read_config(const std::string& dir) {
  BDAAS_ASSIGN(const auto text, read_file(dir + "/agent.json", 1u << 20));
  BDAAS_ASSIGN(const auto value, parse_json(text).context(dir + "/agent.json"));
  BDAAS_ASSIGN(auto config, from_json<AgentConfig>(value).context(dir + "/agent.json"));
  if (config.on_expiry == OnExpiry::power_off) {
    return fail(ErrorKind::invalid_argument,
                "this agent does not power machines off; use on_expiry stop_and_clean");
  }
  if (config.lease.empty() || config.dir != dir) {
    return fail(ErrorKind::invalid_argument, "{}/agent.json is for another directory: '{}'", dir,
                config.dir);
  }
  return config;
}

Result<Claims> claim(const AgentConfig& config) {
  Claims claims;
  claims.lock.reset(::open("agent.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!claims.lock.valid()) return os_error(errno, "cannot open 'agent.lock'");
  // Not flock(): a child that was just forked when its agent was killed would hold that on.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  if (::fcntl(claims.lock.get(), F_SETLK, &whole) != 0) {
    return fail(ErrorKind::conflict, "an agent runs in '{}' already", config.dir);
  }
  if (!config.address.empty()) {
    auto address = bind_tcp(config.address, kLocalClaimPort);
    if (!address) {
      // Not a conflict of agents: that one would mean that this node has its agent.
      return fail(ErrorKind::failed_precondition, "cannot claim the node's address: {}",
                  address.error().message);
    }
    claims.address = std::move(*address);
  }
  return claims;
}

// SIGTERM ends the agent and nothing else: the next one adopts what runs. SIGCHLD only wakes the
// loop.
UniqueFd catch_signals() {
  sigset_t caught;
  sigemptyset(&caught);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&caught, number);
  ::sigprocmask(SIG_BLOCK, &caught, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  return UniqueFd(::signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC));
}

bool told_to_end(const UniqueFd& signals) {
  bool told = false;
  signalfd_siginfo signal{};
  while (::read(signals.get(), &signal, sizeof signal) == sizeof signal) {
    told |= signal.ssi_signo != SIGCHLD;
  }
  return told;
}

Result<> run_rounds(const NodeContext& node, const NodeFiles& files, StateStore& store,
                    LinkServer& server, const UniqueFd& signals) {
  Agent agent(node, files, store, server);
  for (;;) {
    if (told_to_end(signals)) return store.save();
    if (!agent.tick()) return Agent::clean_up(node);
    WaitSet wait;
    wait.on_readable(signals.get());
    agent.wait_for(wait);
    wait.wait();
  }
}

// A caller that waits is told that the agent listens, and left.
void leave_behind(Starter& starter) {
  const UniqueFd errors(::open("agent.stderr", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  leave_caller(errors);
  starter.tell_ok();
}

// starter: of an agent that goes to the background.
Result<> run_agent(const std::string& dir, const std::string& version,
                   std::optional<Starter> starter) {
  if (::chdir(dir.c_str()) != 0) return os_error(errno, fmt::format("cannot enter '{}'", dir));
  NodeContext node;
  node.version = version;
  BDAAS_ASSIGN(node.config, read_config(dir));
  BDAAS_ASSIGN(const auto claims, claim(node.config));
  BDAAS_ASSIGN(node.log, Log::to_file({"agent.log", 1u << 20, 1}));
  std::error_code error;
  node.agent_binary = fs::read_symlink("/proc/self/exe", error).native();
  if (error) return os_error(error.value(), "cannot tell where this program is");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const UniqueFd signals = catch_signals();
  BDAAS_ASSIGN(const auto files, NodeFiles::open(dir));
  BDAAS_ASSIGN(auto store, StateStore::open(dir, boot_id()));
  BDAAS_ASSIGN(auto server, LinkServer::listen(std::string(kSocketName)));
  if (starter) leave_behind(*starter);
  node.log.info("agent {} of node {} runs as process {}", node.version, node.config.node.text,
                ::getpid());
  auto ended = run_rounds(node, files, store, server, signals);
  if (!ended) node.log.error("{}", ended.error().message);
  return ended;
}

int report_failure(const Error& error) {
  fmt::print(stderr, "bdaas-agent: {}\n", error.message);
  return error.kind == ErrorKind::conflict ? kAlreadyRuns : 1;
}

}  // namespace

int run_agent_mode(const std::string& dir, bool detach, const std::string& version) {
  ::close_range(3, ~0u, 0);
  std::optional<Starter> starter;
  if (detach) {
    auto forked = go_to_background("bdaas-agent");
    if (!forked) return report_failure(forked.error());
    if (const int* code = std::get_if<int>(&*forked)) return *code == kAlreadyRuns ? 0 : *code;
    starter = std::get<Starter>(*std::move(forked));
  }
  const auto ended = run_agent(dir, version, std::move(starter));
  return ended ? 0 : report_failure(ended.error());
}

}  // namespace bdaas
