#pragma once
// The processes of one local machine, found and ended without any help of an agent.

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "model/ids.h"

namespace bdaas {

struct MachineMarks {
  LeaseId token;              // in the environment as BDAAS_LEASE
  std::filesystem::path dir;  // or it runs inside: working directory, program or root
};

// SIGKILL to all of them, again and again until none is found: a dying process may have started
// another. Only processes of our own user; never this process or one it descends from. A command
// line that merely names the directory is no mark: somebody may be reading a log there. Errors:
// deadline_exceeded with the pids that do not end, permission_denied. Blocking; any thread.
Result<> end_processes(const MachineMarks& marks, Millis timeout);

}  // namespace bdaas
