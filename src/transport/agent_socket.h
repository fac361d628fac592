#pragma once
// The unix socket of an agent on this machine. Any thread.

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "model/agent_messages.h"

namespace bdaas {

// A connected, non-blocking socket. A node's directory may have any length. Refuses an agent of
// another user. unavailable or not_found: none listens there.
Result<UniqueFd> connect_agent(const std::string& node_dir);

// What the agent there says of itself. Blocks up to `timeout`.
Result<Hello> ask_agent(const std::string& node_dir, Millis timeout);

}  // namespace bdaas
