#include "transport/local_placer.h"

#include "base/files.h"
#include "base/subprocess.h"
#include "model/local_claim.h"
#include "transport/agent_socket.h"

namespace bdaas {

namespace {

constexpr Millis kAnswerTime{3'000};
constexpr Millis kStartTime{30'000};

}  // namespace

Result<> LocalPlacer::place(const Machine& machine, const AgentConfig& config) {
  if (config.dir.empty() || config.dir != machine.dir) {
    return fail(ErrorKind::invalid_argument, "the agent's directory '{}' is not the machine's '{}'",
                config.dir, machine.dir);
  }
  const auto living = ask_agent(machine.dir, kAnswerTime);
  if (living && living->lease == config.lease) return {};
  if (living) {
    return fail(ErrorKind::conflict, "an agent of lease {} runs in '{}'", living->lease.text,
                machine.dir);
  }
  // The provider made it, and takes it away when the machine is released, perhaps meanwhile: an
  // agent must not come to life after that.
  std::error_code none;
  if (!fs::is_directory(machine.dir, none)) {
    return fail(ErrorKind::not_found, "the machine's directory '{}' is gone", machine.dir);
  }
  BDAAS_TRY(
      write_file(fs::path(machine.dir) / "agent.json", write_json_pretty(to_json(config)), 0600));
  Command command;
  command.argv = {agent_binary_, "run", "--dir", machine.dir, "--detach"};
  command.env[std::string(kLeaseVariable)] = config.lease.text;  // found by it, whatever happens
  command.timeout = kStartTime;
  const auto started = run_checked(command);
  if (started) return {};
  return Error(started.error())
      .context(fmt::format("cannot start the agent of node {}", config.node.text));
}

}  // namespace bdaas
