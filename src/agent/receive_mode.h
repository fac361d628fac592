#pragma once
// `bdaas-agent receive`: brings packages to this machine, and gives them to others, as a manager at
// stdin says; see model/swarm_messages.h.

namespace bdaas {

// Returns the process's exit code.
int run_receive_mode();

}  // namespace bdaas
