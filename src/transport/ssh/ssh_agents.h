#pragma once
// Agents on machines behind SSH: brought there, asked, started. Thread-safe; blocking.

#include <mutex>

#include "model/host_agents.h"
#include "model/node_link.h"
#include "model/remote_hosts.h"

namespace bdaas {

class SshAgents final : public HostAgents, public AgentPlacer {
 public:
  // agent_binary: a static program of this computer's architecture. remote outlives this.
  SshAgents(RemoteHosts& remote, std::string agent_binary)
      : remote_(remote), agent_binary_(std::move(agent_binary)) {}

  Result<std::string> ask(const SshLogin& login, const std::string& base, std::string_view what,
                          const std::string& question, Millis timeout) override;
  std::string binary(const std::string& base) const override;

  // Starts the agent of a machine that was borrowed or rented before.
  Result<> place(const Machine& machine, const AgentConfig& config) override;

  // For a LinkLoop: a stream to the agent of the machine. Does not block.
  Result<UniqueFd> dial(const Machine& machine) {
    return open(machine, {"link", "--dir", machine.dir});
  }
  // stdin and stdout of an agent's program there, which must have been brought. Does not block.
  Result<UniqueFd> open(const Machine& machine, const std::vector<std::string>& words);

  // Runs an agent's program there, brings it first when it is missing. `input_fd`: of its stdin.
  Result<std::string> run(const SshLogin& login, const std::string& base,
                          const std::vector<std::string>& words, RemoteCommand command);

 private:
  Result<> bring(const SshLogin& login, const std::string& base);
  std::vector<std::string> argv_of(const std::string& base,
                                   const std::vector<std::string>& words) const;

  RemoteHosts& remote_;
  const std::string agent_binary_;
  mutable std::once_flag hashed_;
  mutable std::string hash_;  // of the program; known from hashed_ on
};

}  // namespace bdaas
