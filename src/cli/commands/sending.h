#pragma once
// What is sent by a verb of its own: with a line of progress, and given up by Ctrl-C.

#include "cli/local_input.h"
#include "cli/session.h"

namespace bdaas::cli {

// cancelled: by a signal; the manager keeps nothing of it then.
Result<ProgramId> send_with_progress(Session& session, const LocalProgram& program);
Result<DataSetId> send_with_progress(Session& session, LocalData& data);

}  // namespace bdaas::cli
