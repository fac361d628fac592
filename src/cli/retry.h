#pragma once
// One way to go on after a broken connection: with pauses that grow, a limit, and a stop. Whoever
// calls resumes where it was; nothing here is repeated blindly.

#include <algorithm>

#include "base/result.h"
#include "cli/task.h"

namespace bdaas::cli {

struct RetryPolicy {
  int attempts_max = 8;  // in a row that did not get any further
  Millis pause_first{100};
  Millis pause_max{5'000};
};

// As long as somebody else looks after a manager that is gone, and stops us when that is over.
inline constexpr RetryPolicy kRetryUntilStopped{1'000'000'000, Millis{100}, Millis{1'000}};

struct Attempt {
  Result<> end;
  bool again = false;  // worth another try, when it failed
  bool moved = false;  // it got further than the one before
};

// Nobody answered, or stopped answering.
inline bool is_broken_connection(ErrorKind kind) {
  return kind == ErrorKind::unavailable || kind == ErrorKind::unknown_outcome ||
         kind == ErrorKind::deadline_exceeded;
}

inline Attempt attempt_of(Result<> end, bool moved) {
  const bool again = !end && is_broken_connection(end.error().kind);
  return {std::move(end), again, moved};
}

template <class Try>
Result<> keep_trying(Try&& attempt, TaskControl& control, const RetryPolicy& policy) {
  Millis pause = policy.pause_first;
  int failures = 0;
  for (;;) {
    Attempt one = attempt();
    if (one.end || !one.again) return std::move(one.end);
    if (one.moved) {
      failures = 0;
      pause = policy.pause_first;
    }
    if (++failures >= policy.attempts_max) {
      return std::move(one.end).context(fmt::format("given up after {} tries", failures));
    }
    if (!control.wait(pause)) return fail(ErrorKind::cancelled, "stopped");
    pause = std::min(pause * 2, policy.pause_max);
  }
}

}  // namespace bdaas::cli
