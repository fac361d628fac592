#pragma once
// What is sent by a verb of its own, with a line of progress.

#include "cli/local_input.h"
#include "cli/session.h"
#include "cli/task.h"

namespace bdaas::cli {

// What is not whole when control.stop is set is given up (cancelled); the manager drops it at once,
// or when it expires.
Result<ProgramId> send_with_progress(Session& session, const LocalProgram& program,
                                     TaskControl& control);
Result<DataSetId> send_with_progress(Session& session, LocalData& data, TaskControl& control);

}  // namespace bdaas::cli
