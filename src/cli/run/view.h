#pragma once
// How a run is shown. One of three, by where the streams go: JSON lines on stdout (--json), a live
// block on a terminal, or plain lines on stderr. In the last two the program's output goes to
// stdout as it is. Main thread.

#include <memory>
#include <span>

#include "cli/output.h"
#include "cli/run/render.h"

namespace bdaas::cli {

class RunView {
 public:
  virtual ~RunView() = default;
  virtual void show(const RunModel& model, std::span<const RunChange> changes, Time now) = 0;
  virtual void tick(const RunModel&, Time) {}  // nothing happened but time
  // The last call. error: why this ended without the job's end, or what went wrong with its result.
  virtual void finish(const RunModel& model, ExitCode code, const Error* error, Time now) = 0;
  virtual bool wants_ticks() const { return false; }
};

std::unique_ptr<RunView> make_view(Output& out, Output& err, bool json);

}  // namespace bdaas::cli
