#pragma once
// Observations become rows: pure functions from what came back to what changes. Decisions are not
// made here.

#include "control/effects.h"

namespace bdaas {

// The outcome of an effect: its intent is settled, its answer written down. Lists and sightings go
// to `facts`.
Changes observe_outcome(const Rows& rows, Facts& facts, const Outcome& outcome, Time now);

// A message of a node link. Output chunks are not handled here: they go to the spool.
Changes observe_link(const Rows& rows, const LinkEvent& event, Time now);

// Drops what was noted of steps and clusters that have no rows here any more.
void forget_the_ended(const Rows& rows, Facts& facts);

}  // namespace bdaas
