#pragma once
// The short commands by which a manager looks at a host, borrows it and gives it back
// (model/host_messages.h), before or after a node's agent lives there.

#include <string_view>

#include "base/result.h"
#include "model/host_messages.h"

namespace bdaas {

Result<HostFacts> look_at_host(const HostQuestion& question);

// Idempotent for one lease. conflict: another machine that lives, or its leftovers, is there;
// permission_denied: the base is somebody else's.
Result<Borrowed> borrow_host(const BorrowOrder& order);

// Idempotent. Ends every process of the machine, also where its agent is dead. Packages
// and agents stay: they are what makes the next start fast.
Result<GivenBack> give_back_host(const GiveBackOrder& order);

Result<PackagesMissing> look_for_packages(const PackagesQuestion& question);

// One of them by its name: "host", "borrow", "give-back", "packages". Returns the process's exit
// code.
int run_host_mode(std::string_view what);

// "place": writes the configuration out of stdin and becomes `run --dir DIR --detach`.
int run_place_mode();

}  // namespace bdaas
