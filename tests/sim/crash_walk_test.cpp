// Every place where a manager or an agent may die, one run for each: the jobs succeed all the same,
// and every invariant holds. A walk under sanitizers leaves some out (WALK_STRIDE).

#include <gtest/gtest.h>

#include "simulation.h"

namespace bdaas {
namespace {

using Place = std::pair<Point, std::optional<Effect>>;

// apply_plan and renew_lease are messages: their wish is a row of its own, and their answer a
// report. What is simply asked again has no intent.
std::vector<Point> points_of(const EffectRow& row) {
  if (row.asked_again) return {Point::before_call, Point::after_call};
  if (row.effect == Effect::apply_plan || row.effect == Effect::renew_lease) {
    return {Point::before_call, Point::after_call, Point::after_answer};
  }
  return {Point::before_intent, Point::before_call, Point::after_call, Point::after_answer};
}

std::string text_of(const Place& place) {
  static constexpr std::array<std::string_view, 6> names = {
      "before the intent of", "before the call of", "after the call of",
      "after the answer of",  "before commit",      "after commit"};
  return fmt::format("{} {}", names.at(static_cast<std::size_t>(place.first)),
                     place.second ? to_text(*place.second) : "");
}

// One run; the manager dies when it comes to `place` for the time number `occurrence` (from 1).
std::string run_with_a_death(bool on_agent, const Place& place, int occurrence, bool& died) {
  Sabotage sabotage;
  int seen = 0;
  sabotage.probe = [&](Point point, std::optional<Effect> effect) {
    if (Place{point, effect} != place || ++seen != occurrence) return;
    died = true;
    throw ManagerKilled{};
  };
  Simulation simulation(1, life_of_every_effect(on_agent), sabotage);
  return simulation.run();
}

std::map<Place, int> places_of_a_run_without_deaths(bool on_agent) {
  std::map<Place, int> places;
  Sabotage sabotage;
  sabotage.probe = [&](Point point, std::optional<Effect> effect) { ++places[{point, effect}]; };
  Simulation simulation(1, life_of_every_effect(on_agent), sabotage);
  EXPECT_EQ(simulation.run(), "");
  return places;
}

// Programs as the engine's own, and as processes of an agent.
class CrashWalk : public testing::TestWithParam<bool> {};

void expect_every_effect(const std::map<Place, int>& places, bool on_agent) {
  for (const auto& row : kEffects) {
    if (on_agent && row.effect == Effect::poll_step) continue;  // an agent reports by itself
    for (const auto point : points_of(row)) {
      EXPECT_TRUE(places.contains({point, row.effect}))
          << "the walk never came to the place " << text_of({point, row.effect});
    }
  }
}

TEST_P(CrashWalk, AManagerMayDieAtEveryPlace) {
  const auto places = places_of_a_run_without_deaths(GetParam());
  expect_every_effect(places, GetParam());
  int runs = 0;
  for (const auto& [place, times] : places) {
    for (int occurrence = 1; occurrence <= times; occurrence += WALK_STRIDE, ++runs) {
      bool died = false;
      const std::string violation = run_with_a_death(GetParam(), place, occurrence, died);
      ASSERT_TRUE(died) << text_of(place) << ", number " << occurrence;
      ASSERT_EQ(violation, "") << text_of(place) << ", number " << occurrence;
    }
  }
  std::printf("%d deaths\n", runs);
}

// One run; after the link event number `at`, one agent dies, or all of them do.
std::string run_with_dead_agents(bool on_agent, int at, bool all, int& events) {
  Sabotage sabotage;
  events = 0;
  sabotage.links_moved = [&](FakeLinks& links) {
    if (++events != at) return;
    const auto nodes = links.living_nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (all || i == static_cast<std::size_t>(at) % nodes.size()) links.kill_agent(nodes[i]);
    }
  };
  Simulation simulation(1, life_of_every_effect(on_agent), sabotage);
  return simulation.run();
}

TEST_P(CrashWalk, AgentsMayDieAtEveryLinkEvent) {
  int events = 0;
  ASSERT_EQ(run_with_dead_agents(GetParam(), 0, false, events), "");
  const int last = events;
  ASSERT_GT(last, 50);
  for (int at = 1; at <= last; at += WALK_STRIDE) {
    for (const bool all : {false, true}) {
      ASSERT_EQ(run_with_dead_agents(GetParam(), at, all, events), "")
          << "event " << at << (all ? ", all agents" : ", one agent");
    }
  }
  std::printf("%d link events, at every %d. a death\n", last, WALK_STRIDE);
}

INSTANTIATE_TEST_SUITE_P(Programs, CrashWalk, testing::Bool(),
                         [](const auto& walk) { return walk.param ? "OnAgent" : "InEngine"; });

}  // namespace
}  // namespace bdaas
