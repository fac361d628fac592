#include "cli/commands/sending.h"

#include "cli/progress_line.h"
#include "cli/send_input.h"

namespace bdaas::cli {

Result<ProgramId> send_with_progress(Session& session, const LocalProgram& program,
                                     TaskControl& control) {
  BDAAS_ASSIGN(const auto* api, session.api());
  ProgressLine line(session.err(), program.name);
  return send_program(*api, program, line.progress(), control);
}

Result<DataSetId> send_with_progress(Session& session, LocalData& data, TaskControl& control) {
  BDAAS_ASSIGN(const auto* api, session.api());
  ProgressLine line(session.err(), data.name);
  return send_data(*api, data, line.progress(), control);
}

}  // namespace bdaas::cli
