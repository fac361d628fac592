#pragma once
// The exact `bdaas run …` line that repeats a job; it stands in the manifest of the result.

#include "model/nouns.h"

namespace bdaas {

// What the caller typed (JobSpec::command); of a job that names none, the options that make it,
// with ids of program and data. Words are quoted for a POSIX shell only where they need it. Values
// of settings that look secret by their names are ***, as in Spark's own pages.
std::string repeat_command(const JobSpec& spec, const Program& program);

}  // namespace bdaas
