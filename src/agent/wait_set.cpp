#include "agent/wait_set.h"

#include <algorithm>

namespace bdaas {

void WaitSet::wait() {
  int timeout_ms = -1;
  if (until_ != kNever) {
    // One more, since BootClock::now() cuts off parts of a millisecond: else the loop would spin in
    // the last one.
    const auto left = (until_ - BootClock::now()).count() + 1;
    timeout_ms = static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
  }
  ::poll(fds_.data(), fds_.size(), timeout_ms);  // an error (EINTR) is one more round of the loop
}

}  // namespace bdaas
