#pragma once
// Finds the manager of this user's state directory, and starts one when there is none.

#include "base/state_dir.h"
#include "base/unique_fd.h"
#include "cli/api.h"
#include "cli/cli.h"

namespace bdaas::cli {

// $BDAAS_HOME, else $XDG_DATA_HOME/bdaas, else ~/.local/share/bdaas.
Result<StateDir> state_dir_of(const CliEnvironment& environment);

// The living manager: manager.json names a living process of this user, and it answers.
// unavailable: none. stop: ends the waiting for its answer early (cancelled).
Result<Endpoint> find_manager(const StateDir& state, const std::atomic<bool>* stop = nullptr);

// A pidfd of the process that manager.json names: readable when it has ended. Invalid: none is
// named, or it cannot be watched from here.
UniqueFd process_of_manager(const StateDir& state);

// As above, or starts `bdaas serve --detach --idle-exit 10m` and waits until it answers. Two that
// start at once end with one manager: the other's `serve` finds the lock held, and both find the
// winner. The error has the reason: what `serve` said, or the last lines of manager.log. stop: ends
// the waiting early (cancelled); a manager that was started lives on.
inline constexpr Millis kManagerDeadline = std::chrono::seconds(20);
Result<Endpoint> ensure_manager(const CliEnvironment& environment, const StateDir& state,
                                Millis deadline = kManagerDeadline,
                                const std::atomic<bool>* stop = nullptr);

}  // namespace bdaas::cli
