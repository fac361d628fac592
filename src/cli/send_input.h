#pragma once
// Programs and data to the manager, unless it has them: equal name and content is not sent again.

#include "cli/local_input.h"
#include "cli/upload.h"

namespace bdaas::cli {

Result<ProgramId> send_program(const Api& api, const LocalProgram& program,
                               const Progress& progress, TaskControl& control);

// Only when the manager has a data set of that name, shape and size is the content hashed
// beforehand. What was sent is compared with the checksum of what the manager stored: corrupted
// when they differ.
Result<DataSetId> send_data(const Api& api, LocalData& data, const Progress& progress,
                            TaskControl& control);

// A file is read where it lies when the manager sees the same file; anything else is sent.
Result<DataSetId> lend_data(const Api& api, LocalData& data, const Progress& progress,
                            TaskControl& control);

}  // namespace bdaas::cli
