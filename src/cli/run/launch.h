#pragma once
// The first half of `bdaas run`: release, program and data to the manager, then the job. All input
// was checked before.

#include <variant>

#include "cli/api.h"
#include "cli/local_input.h"
#include "cli/run/watch.h"
#include "cli/task.h"

namespace bdaas::cli {

struct LaunchPlan {
  std::variant<ProgramId, LocalProgram> program;
  std::vector<std::variant<DataSetId, LocalData>> data;
  JobSpec spec;               // program and data are put in by launch()
  std::string needs_release;  // fetched when it is not here; empty: none is needed
};

// Blocking; a manager that dies meanwhile is found or started again, and asked again, for the job
// with the same token. Stops early when control.stop is set (cancelled), but not between asking for
// the job and knowing its id. Only leaving.stop, wished by somebody who waits no longer, ends that
// too, within a second; who wishes it has to cancel the job that may be the answer.
// unknown_outcome: it cannot be told whether the job is there.
Result<Job> launch(Api& api, LaunchPlan& plan, const TellRun& tell, TaskControl& control,
                   TaskControl& leaving);

}  // namespace bdaas::cli
