#pragma once
// What goes wrong at a provider, decided call by call. The simulation's plan is seeded; a test
// writes its own.

#include "base/clock.h"
#include "base/enum_text.h"
#include "model/ids.h"

namespace bdaas {

enum class ProviderCall { rent, release, list, offers };

enum class Fault {
  none,
  throttled,
  unavailable,       // nothing was done
  no_capacity,       // of rent
  unknown_not_done,  // of rent and release: no answer, and it was not done
  unknown_done,      // of rent and release: no answer, but it was done
};

// Called under the cloud's lock: needs none of its own, must not call back. There is no fault that
// makes a list shorter than the truth, since no provider may do that; a list may lag or fail.
class FaultPlan {
 public:
  virtual ~FaultPlan() = default;

  // A fault that the call cannot have counts as unavailable.
  virtual Fault fault(ProviderCall call, const LeaseId& token) = 0;  // token empty: list, offers

  // From when on list() shows what a successful rent or release did.
  virtual Millis lag(ProviderCall call, const LeaseId& token) = 0;
};

class NoFaults final : public FaultPlan {
 public:
  Fault fault(ProviderCall, const LeaseId&) override { return Fault::none; }
  Millis lag(ProviderCall, const LeaseId&) override { return Millis{0}; }
};

}  // namespace bdaas
