#include "agent/run_mode.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "agent/agent.h"
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

// Tells the process that started this one that it listens, or why it does not. No-op without
// --detach.
class Starter {
 public:
  explicit Starter(UniqueFd fd) : fd_(std::move(fd)) {}
  void tell(std::string_view answer) {
    // Nobody may wait for it any more; then it does not matter.
    [[maybe_unused]] const auto told = ::write(fd_.get(), answer.data(), answer.size());
    fd_.reset();
  }

 private:
  UniqueFd fd_;
};

Result<> run_agent(const std::string& dir, const std::string& version, Starter& starter) {
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
  starter.tell("ok");
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

// The caller's half: waits for the daemon's word.
int await_word(const UniqueFd& word, pid_t child) {
  std::string answer;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(word.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  ::waitpid(child, nullptr, 0);
  if (answer == "ok") return 0;
  fmt::print(stderr, "bdaas-agent: {}\n",
             answer.empty() ? "the agent ended before it listened" : answer);
  return 1;
}

// The daemon's half: nothing of the caller stays open, so that nobody waits for its streams.
void leave_caller(const std::string& dir) {
  const auto errors = dir + "/agent.stderr";
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd err(::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ::dup2(null.get(), 0);
  ::dup2(null.get(), 1);
  ::dup2(err.valid() ? err.get() : null.get(), 2);
}

}  // namespace

int run_agent_mode(const std::string& dir, bool detach, const std::string& version) {
  ::close_range(3, ~0u, 0);
  if (!detach) {
    Starter nobody{UniqueFd()};
    const auto ended = run_agent(dir, version, nobody);
    return ended ? 0 : report_failure(ended.error());
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return report_failure(os_error(errno, "cannot make a pipe"));
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return report_failure(os_error(errno, "cannot fork"));
  if (child > 0) {
    write_end.reset();
    return await_word(read_end, child);
  }
  read_end.reset();
  ::setsid();
  if (::fork() != 0) ::_exit(0);  // so the daemon leads no session and gets no terminal
  leave_caller(dir);
  Starter starter(std::move(write_end));
  const auto ended = run_agent(dir, version, starter);
  if (ended) return 0;
  starter.tell(ended.error().kind == ErrorKind::conflict ? "ok" : ended.error().message);
  return report_failure(ended.error());
}

}  // namespace bdaas
