#pragma once
// `bdaas-agent run --dir DIR [--detach]`: the agent as a process: reads DIR/agent.json, takes the
// lock and the node's address, listens, runs its rounds until told to end.

#include <string>

namespace bdaas {

// Returns the process's exit code. With `detach` the caller gets 0 as soon as a daemon of its own
// session listens, or when one does already.
int run_agent_mode(const std::string& dir, bool detach, const std::string& version);

}  // namespace bdaas
