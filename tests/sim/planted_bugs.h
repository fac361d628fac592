#pragma once
// Mistakes that somebody could make in the control room, put in at its seams. The simulation must
// find each of them.

#include <span>

#include "sabotage.h"

namespace bdaas {

struct PlantedBug {
  std::string_view name;
  unsigned long long seeds_max;  // within so many seeds, from the first on
  void (*plant)(Sabotage& sabotage);
};

std::span<const PlantedBug> planted_bugs();

}  // namespace bdaas
