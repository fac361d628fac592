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

// Blocking; stops early when control.stop is set (cancelled), but never between asking for the job
// and knowing its id: a manager that dies in between is found or started again, and asked again
// with the same token.
Result<Job> launch(Api& api, LaunchPlan& plan, const FindManager& find_manager, const TellRun& tell,
                   TaskControl& control);

}  // namespace bdaas::cli
