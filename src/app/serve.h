#pragma once
// The manager: puts the rooms together, serves until it is told to end, and takes them apart in
// order.

#include "base/state_dir.h"
#include "cli/cli.h"

namespace bdaas {

// Returns the exit code. Blocks; with `detach` it returns in the parent as soon as the child
// serves, or with the child's exit code when it could not.
int serve(const ServeOptions& options, const StateDir& dir);

inline constexpr const char* kVersion = BDAAS_VERSION;

}  // namespace bdaas
