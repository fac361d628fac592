#pragma once
// `bdaas-agent exec --spec FILE`: runs a step's program and keeps its output (model/exec_spec.h,
// step_files.h). The one implementation of running a program, for containers and for RunStep.

#include <map>
#include <string>
#include <string_view>

namespace bdaas {

// "{cwd}" and "{dir}" replaced. Pure.
std::string with_places(std::string_view text, std::string_view cwd, std::string_view dir);

// Returns the process's exit code: the program's, or 126 when it could not be run.
int run_exec_mode(const std::string& spec_file);

}  // namespace bdaas
