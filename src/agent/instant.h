#pragma once
// Time since the machine booted, suspended time included: it never jumps when the wall clock is
// set. Instants are comparable only within one boot; boot_id() tells boots apart.

#include <chrono>
#include <string>

#include "base/clock.h"

namespace bdaas {

struct BootClock {
  using duration = Millis;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock, Millis>;
  static constexpr bool is_steady = true;
  static time_point now();  // CLOCK_BOOTTIME
};
using Instant = BootClock::time_point;

inline constexpr Instant kNever = Instant::max();

// Of the kernel: differs after every boot. Empty when /proc does not tell.
std::string boot_id();

}  // namespace bdaas
