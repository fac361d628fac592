#pragma once
// `bdaas-agent init MARKER -- ARGV…`: runs an InitOnce command, and writes down that it did.
//
// It is a process of its own so that the agent's death cannot part the command from its record:
//   MARKER.started   written (fsynced) before the command runs
//   MARKER           written (fsynced) after it has ended with 0
// MARKER there: never run again. Only MARKER.started there, and this process gone: the outcome is
// unknown (power failure, or killed in between). Then the command is run again and nothing is
// removed before, since what it made may be data. So an InitOnce command must be one that may be
// repeated, or that refuses with a code ≠ 0 when it finds something made (`hdfs namenode -format
// -nonInteractive` does): the daemon is then failed with its words, and data is never lost by a
// second format.

#include <string>
#include <vector>

#include "base/result.h"
#include "model/node_plan.h"

namespace bdaas {

bool is_initialized(const std::string& node_dir, const InitOnce& init);

std::vector<std::string> init_command(const std::string& agent_binary, const std::string& node_dir,
                                      const InitOnce& init);

// The mode itself. Returns the process's exit code; what went wrong is on stderr, the daemon's log.
int run_init_mode(const std::string& marker, const std::vector<std::string>& argv);

}  // namespace bdaas
