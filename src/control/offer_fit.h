#pragma once
// How much of a provider's offer a new cluster may take. Pure.

#include "control/rows.h"
#include "model/engine.h"
#include "model/provider.h"

namespace bdaas {

// Memory that the living clusters of a provider were promised.
struct Promises {
  std::int64_t mib = 0;
  std::int64_t unused_mib = 0;  // of that, by clusters that do not run yet: it still looks free
};
Promises promises_of(const Rows& rows, const std::string& provider, const ClusterId& except);

// The machine that is taken, of those a provider offers; resource_exhausted when there is none.
Result<Offer> first_offer(const std::vector<Offer>& offers, std::string_view provider);

// The offer without what was promised: the smaller of what stays free and what is not spoken for.
Offer remaining(Offer offer, const Promises& promises);

// What a plan was made in.
struct PlannedIn {
  bool is_shared = false;         // by the nodes of all clusters
  std::int64_t memory_mib = 0;    // what remained
  std::int64_t promised_mib = 0;  // to others by then
};
// Two plans that are made at once are made in the same room: the second to be kept has to fit
// beside the first. unavailable: it does not, and a new plan may.
Result<> still_fits(const PlannedIn& room, const MemoryPlan& plan, std::int64_t workers,
                    const Promises& now);

// Memory is what the spec says; without a word half of what remains, so that a second cluster finds
// room, or all of it when half is too little. Machines of their own are taken whole, and what the
// spec says is shared among them. Cores without a word: all.
// resource_exhausted with the numbers.
Result<MemoryPlan> fit_offer(const Engine& engine, const ClusterSpec& spec, const Offer& remaining);

// Whether the cluster may have so many workers, each like those it has: those to come must find
// room in what remains. resource_exhausted with the numbers.
Result<> fit_growth(const Cluster& cluster, std::int64_t workers, const Offer& remaining);

}  // namespace bdaas
