#pragma once
// When the manager is to end: SIGTERM, SIGINT, SIGHUP, or raise() from any thread.

#include "base/clock.h"
#include "base/unique_fd.h"

namespace bdaas {

// Takes the signals out of their ordinary delivery; before any thread is started.
void block_stop_signals();

class StopSignals {
 public:
  StopSignals();

  // True once one has come; false when `most` has passed without. One thread.
  bool wait(Millis most);
  void raise();  // any thread

 private:
  UniqueFd signals_;
  UniqueFd raised_;
};

}  // namespace bdaas
