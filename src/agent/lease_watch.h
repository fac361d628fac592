#pragma once
// The dead-man lease as pure arithmetic. A renewal names a wall-clock time; what counts from then
// on is the time since boot, so a wall clock that jumps neither ends the lease early nor lets it
// live for ever. The wall clock is asked again only after a reboot.

#include "agent/instant.h"
#include "base/fields.h"

namespace bdaas {

struct LeaseWatch {
  Time expires_at{};       // as the manager named it; never goes back
  Millis boot_deadline{};  // since boot
  std::string boot;        // the boot that boot_deadline belongs to

  static constexpr auto fields() {
    return std::tuple{required("expires_at", &LeaseWatch::expires_at, ""),
                      required("boot_deadline_ms", &LeaseWatch::boot_deadline, "since boot"),
                      required("boot", &LeaseWatch::boot, "")};
  }
  Instant deadline() const { return Instant(boot_deadline); }
};

// What the agent's surroundings say of time at one moment.
struct Now {
  Instant since_boot;
  Time wall;
  std::string boot;
};

// Grown to `expires_at`, or as it was when that is no later. `changed` tells.
struct Renewed {
  LeaseWatch lease;
  bool changed = false;
};
inline Renewed renew(const LeaseWatch& lease, Time expires_at, const Now& now) {
  if (lease.boot == now.boot && expires_at <= lease.expires_at) return {lease, false};
  const Time until = std::max(expires_at, lease.expires_at);
  return {{until, now.since_boot.time_since_epoch() + (until - now.wall), now.boot}, true};
}

}  // namespace bdaas
