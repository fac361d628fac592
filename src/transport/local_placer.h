#pragma once
// Agents of local nodes: the binary is here already, so placing one is writing its agent.json and
// starting it.

#include <string>

#include "model/node_link.h"

namespace bdaas {

class LocalPlacer final : public AgentPlacer {
 public:
  explicit LocalPlacer(std::string agent_binary) : agent_binary_(std::move(agent_binary)) {}

  // conflict: an agent of another lease is there. not_found: the machine's directory, which its
  // provider makes, is gone. Blocks a few milliseconds; some seconds when the
  // machine is loaded.
  Result<> place(const Machine& machine, const AgentConfig& config) override;

 private:
  const std::string agent_binary_;
};

}  // namespace bdaas
