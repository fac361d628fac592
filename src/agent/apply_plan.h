#pragma once
// Making a plan's directories and files true. Daemons are the supervisor's (daemons.h).

#include "agent/node_files.h"

namespace bdaas {

// Everything that can be refused before anything is written: paths outside the node's directory,
// names that are used twice, programs that are not absolute. Pure.
Result<> check_plan(const NodePlan& plan, const std::string& node_dir);

Result<> write_plan_files(const NodePlan& plan, const NodeFiles& files);

}  // namespace bdaas
