#pragma once
// What the loop waits for. The loop is level-triggered: in each round every part does what can be
// done without blocking (tick), then names what could give it more to do (wait_for); a wake-up
// carries no data.

#include <poll.h>

#include <algorithm>
#include <vector>

#include "agent/instant.h"

namespace bdaas {

class WaitSet {
 public:
  void on_readable(int fd) { fds_.push_back({fd, POLLIN, 0}); }
  void on_writable(int fd) { fds_.push_back({fd, POLLOUT, 0}); }
  void at(Instant when) { until_ = std::min(until_, when); }

  Instant until() const { return until_; }

  // Returns when one of them has come, or a signal.
  void wait();

 private:
  std::vector<pollfd> fds_;
  Instant until_ = kNever;
};

}  // namespace bdaas
