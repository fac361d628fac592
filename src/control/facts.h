#pragma once
// What the control thread knows beside the rows: observations that cost nothing to make again, so
// they are not kept over a restart.

#include <map>
#include <set>

#include "model/engine.h"
#include "model/intent.h"
#include "model/provider.h"

namespace bdaas {

// The last complete list of a provider's machines. An error never replaces it.
struct ProviderList {
  Time begun_at{};  // when the call was sent: newer acts may be missing in it
  std::map<LeaseId, ListedMachine> machines;  // living ones, of all installations
};

struct RunSighting {
  RunObservation run;
  Time at{};          // of the last answer
  Time asked_at{};    // of the last question
  std::string error;  // of the last question, when it had no answer
};

// How much of what a step's driver printed and left is here.
struct OutputSighting {
  std::int64_t bytes = 0;  // of all its streams
  bool exited = false;     // the report of its end is here; what it left comes after that
  bool ended = false;      // nothing more will come
  Time moved_at{};         // of the last change
};

struct DrainSighting {
  Drains drains;
  Time begun_at{};  // when the call that answered was made
  Time asked_at{};  // of the last question, answered or not
};

struct Facts {
  InstallationId installation;
  std::map<std::string, ProviderList> lists;  // by provider
  std::map<std::string, Time> listed_at;      // by provider: last try, answered or not
  // By provider: machines of ours that its last list shows without a living lease, and when each
  // was seen first.
  std::map<std::string, std::map<LeaseId, Time>> strays;
  std::map<StepId, RunSighting> runs;
  std::map<ClusterId, DrainSighting> drains;
  std::map<StepId, OutputSighting> outputs;  // of steps whose driver has run
  std::set<std::pair<Effect, std::string>>
      in_flight;  // of this process; a pending intent outside it is Unknown

  bool flying(Effect effect, const std::string& subject) const {
    return in_flight.contains({effect, subject});
  }
};

}  // namespace bdaas
