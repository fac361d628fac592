#include "agent/receive_mode.h"

#include <unistd.h>

#include <csignal>

#include "agent/swarm/swarm_session.h"
#include "model/host_messages.h"

namespace bdaas {

int run_receive_mode() {
  ::signal(SIGPIPE, SIG_IGN);
  return SwarmSession::run(STDIN_FILENO, STDOUT_FILENO) ? 0 : kHostRefuses;
}

}  // namespace bdaas
