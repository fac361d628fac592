#include "scene.h"

namespace bdaas {

Fault SeededCloudFaults::fault(ProviderCall call, const LeaseId&) {
  if (dice_->chance(faults.throttled)) return Fault::throttled;
  if (dice_->chance(faults.unavailable)) return Fault::unavailable;
  if (call == ProviderCall::list || call == ProviderCall::offers) return Fault::none;
  if (dice_->chance(faults.unknown_done)) return Fault::unknown_done;
  if (dice_->chance(faults.unknown_not_done)) return Fault::unknown_not_done;
  if (call == ProviderCall::rent && dice_->chance(faults.no_capacity)) return Fault::no_capacity;
  return Fault::none;
}

Millis SeededCloudFaults::lag(ProviderCall, const LeaseId&) {
  return dice_->time(Millis{0}, faults.lag_max);
}

}  // namespace bdaas
