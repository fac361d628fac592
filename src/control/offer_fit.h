#pragma once
// How much of a provider's offer a new cluster may take. Pure.

#include "control/rows.h"
#include "model/engine.h"
#include "model/provider.h"

namespace bdaas {

// Memory that the living clusters of a provider were promised, whether they use it by now or not.
std::int64_t promised_mib(const Rows& rows, const std::string& provider, const ClusterId& except);

// The machine that is taken, of those a provider offers; resource_exhausted when there is none.
Result<Offer> first_offer(const std::vector<Offer>& offers, std::string_view provider);

// The offer without what was promised: the smaller of what is free and what is not spoken for.
Offer remaining(Offer offer, std::int64_t promised_mib);

// Memory is what the spec says; without a word half of what remains, so that a second cluster finds
// room, or all of it when half is too little. Cores without a word: all.
// resource_exhausted with the numbers.
Result<MemoryPlan> fit_offer(const Engine& engine, const ClusterSpec& spec, const Offer& remaining);

// Whether the cluster may have so many workers, each like those it has: those to come must find
// room in what remains. resource_exhausted with the numbers.
Result<> fit_growth(const Cluster& cluster, std::int64_t workers, const Offer& remaining);

}  // namespace bdaas
