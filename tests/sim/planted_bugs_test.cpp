#include "planted_bugs.h"

#include <gtest/gtest.h>

#include "simulation.h"

namespace bdaas {
namespace {

class PlantedBugs : public testing::TestWithParam<PlantedBug> {};

TEST_P(PlantedBugs, AreFound) {
  for (unsigned long long seed = 1; seed <= GetParam().seeds_max; ++seed) {
    Sabotage sabotage;
    GetParam().plant(sabotage);
    Simulation simulation(seed, life_of(seed), sabotage);
    const std::string violation = simulation.run();
    if (violation.empty()) continue;
    RecordProperty("seed", std::to_string(seed));
    std::printf("found by seed %llu: %s\n", seed, violation.c_str());
    return;
  }
  FAIL() << GetParam().name << " was not found within " << GetParam().seeds_max << " seeds";
}

std::string name_of(const testing::TestParamInfo<PlantedBug>& bug) {
  std::string name;
  for (const char c : bug.param.name) {
    if (c != ' ') name += c;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedBugs,
                         testing::ValuesIn(planted_bugs().begin(), planted_bugs().end()), name_of);

TEST(PlantedBugsTable, HoldsAtLeastTen) { EXPECT_GE(planted_bugs().size(), 10u); }

}  // namespace
}  // namespace bdaas
