#pragma once
// The exact `bdaas run …` line that repeats a job; it stands in the manifest of the result.

#include "model/nouns.h"

namespace bdaas {

// Words are quoted for a POSIX shell only where they need it.
std::string repeat_command(const Job& job, const Program& program,
                           const std::vector<DataSet>& data);

}  // namespace bdaas
