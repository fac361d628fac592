#pragma once
// Looks at one job until it has ended: about once a second, and at once when woken (an event came
// in). Tells what it saw; the model finds out what is new. Also carries the wish to cancel, and
// finds the manager again when it is gone.

#include "cli/api.h"
#include "cli/run/model.h"
#include "cli/task.h"

namespace bdaas::cli {

struct WatchOptions {
  JobId job;
  Millis between_looks{1'000};
};

// Blocking, until the job has ended or control.stop. `cancel` may be set at any time; wake the task
// then. A cancel that was wished before the stop is still sent; unknown_outcome: the manager did
// not take it in time. Other errors: what cannot get better by waiting, for example not_found.
Result<> watch(Api& api, const WatchOptions& options, const std::atomic<bool>& cancel,
               const TellRun& tell, TaskControl& control);

}  // namespace bdaas::cli
