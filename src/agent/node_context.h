#pragma once
// What every part of the agent knows of its node. Made once at the start, read only.

#include "base/log.h"
#include "model/agent_messages.h"
#include "model/exec_spec.h"
#include "model/local_claim.h"

namespace bdaas {

inline constexpr std::string_view kNodeVariable = "BDAAS_NODE";

struct NodeContext {
  AgentConfig config;
  std::string version;       // of this program
  std::string agent_binary;  // this program, for its `init` and `exec` modes
  Log log;

  // The marks by which every process of this node is found again, added to its environment.
  std::map<std::string, std::string> with_marks(std::map<std::string, std::string> env) const {
    env[std::string(kLeaseVariable)] = config.lease.text;
    env[std::string(kNodeVariable)] = config.node.text;
    env[std::string(kNodeDirVariable)] = config.dir;
    return env;
  }
};

}  // namespace bdaas
