#pragma once
// One run from launch to archive. The main thread owns the model and the view, and waits for three
// things: inputs from its tasks (launch, events, watch, logs, download: one thread each), signals,
// and the tick of the stopwatch.

#include <functional>

#include "base/files.h"
#include "cli/api.h"
#include "cli/exit_code.h"
#include "cli/run/model.h"
#include "cli/run/view.h"
#include "cli/run/watch.h"
#include "cli/signals.h"
#include "cli/task.h"

namespace bdaas::cli {

struct RunSessionOptions {
  RunModel model;  // title, has_data, borrows, keeps
  // Runs on a thread of its own: makes the job, or finds the one to watch. The first Ctrl-C stops
  // `control`, the second `leaving`. cancelled: nothing was made; unknown_outcome: nobody knows.
  std::function<Result<Job>(const TellRun& tell, TaskControl& control, TaskControl& leaving)> start;
  fs::path output;       // of the archive; empty: its own name in the current directory
  bool verbose = false;  // the driver's stderr too
  Millis log_patience =
      std::chrono::seconds(10);  // how long the output may lag behind the job's end
};

// The first SIGINT or SIGTERM cancels the job and waits for its end; the second leaves as soon as
// the manager has the cancellation, and within three seconds anyway: then the error names the
// command that cancels. Otherwise the error is what kept us from seeing the job to its end; the
// view has shown the rest.
Result<ExitCode> run_session(Api& api, const RunSessionOptions& options, RunView& view,
                             Signals& signals);

}  // namespace bdaas::cli
