#pragma once
// What the shell gets. Stable: scripts depend on the numbers. --help and docs/cli.md print this
// table.

#include <array>

#include "base/result.h"
#include "model/status.h"

namespace bdaas::cli {

enum class ExitCode {
  ok = 0,
  failed = 1,  // the job, step or check
  bad_input = 2,
  manager_failed = 3,  // or the network, or the cluster
  not_found = 4,
  no_resources = 5,
  timed_out = 124,  // as timeout(1)
  cancelled = 130,  // as a shell after Ctrl-C
};

struct ExitCodeRow {
  ExitCode code;
  std::string_view meaning;
};

inline constexpr std::array kExitCodes = {
    ExitCodeRow{ExitCode::ok, "done; for a job: its program succeeded"},
    ExitCodeRow{ExitCode::failed, "the job, step or check failed"},
    ExitCodeRow{ExitCode::bad_input, "bad input: nothing was started"},
    ExitCodeRow{ExitCode::manager_failed, "the manager, the network or the cluster failed"},
    ExitCodeRow{ExitCode::not_found, "what was named does not exist"},
    ExitCodeRow{ExitCode::no_resources, "not enough memory, disk or machines"},
    ExitCodeRow{ExitCode::timed_out, "the time-out ran out"},
    ExitCodeRow{ExitCode::cancelled, "cancelled, by Ctrl-C or by another client"},
};

ExitCode exit_code_of(ErrorKind kind);

// Of a job or step that ended as failed.
ExitCode exit_code_of(Reason reason);

}  // namespace bdaas::cli
