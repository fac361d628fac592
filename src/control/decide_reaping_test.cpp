#include "control/test_world.h"

namespace bdaas {
namespace {

const LeaseId kStray{"l-stray"};

Decision decide(const TestWorld& test) { return decide_reaping(test.world(), {"fake"}); }

void listed_now(TestWorld& test) {
  test.list({});
  test.facts.listed_at["fake"] = test.now;
}

TEST(DecideReaping, ListsFirstOfAllAndThenEverySoOften) {
  TestWorld test;
  EXPECT_TRUE(starts(decide(test), Effect::list));
  listed_now(test);
  const auto later = decide(test);
  EXPECT_TRUE(later.changes.empty());
  EXPECT_EQ(later.look_again, test.now + test.settings.list_interval);
  test.pass(test.settings.list_interval);
  EXPECT_TRUE(starts(decide(test), Effect::list));
  test.facts.in_flight.insert({Effect::list, "fake"});
  EXPECT_FALSE(starts(decide(test), Effect::list)) << "one at a time";
}

TEST(DecideReaping, ListsAtOnceWhenALeaseWaitsForAYoungerList) {
  TestWorld test;
  test.add_cluster(ClusterState::terminating, 1, LeaseState::releasing);
  listed_now(test);
  test.pass(Millis{10});
  const std::string lease = test.member(1).lease.id.text;
  test.apply({Start{Effect::release, lease, 1}});
  EXPECT_FALSE(starts(decide(test), Effect::list)) << "nothing is released yet";
  test.settle(Effect::release, lease, IntentState::done);
  EXPECT_TRUE(starts(decide(test), Effect::list));
}

TEST(DecideReaping, AsksAProviderThatAnswersErrorsOnceASecondOnly) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.apply({Start{Effect::rent, test.member(1).lease.id.text, 1}});
  test.settle(Effect::rent, test.member(1).lease.id.text, IntentState::unknown);
  test.facts.listed_at["fake"] = test.now;  // tried, and no list came of it
  const auto decision = decide(test);
  EXPECT_TRUE(decision.changes.empty());
  EXPECT_EQ(decision.look_again, test.now + test.settings.list_retry);
}

TEST(DecideReaping, EndsAStrayAfterItsGraceAndNotBefore) {
  TestWorld test;
  listed_now(test);
  test.facts.strays["fake"][kStray] = test.now;
  EXPECT_FALSE(starts(decide(test), Effect::release));
  test.pass(test.settings.reap_grace);
  listed_now(test);
  const auto due = decide(test);
  ASSERT_TRUE(starts(due, Effect::release));
  test.apply(due.changes);
  EXPECT_FALSE(starts(decide(test), Effect::release)) << "in flight";
}

TEST(DecideReaping, TriesAgainAfterABackoff) {
  TestWorld test;
  listed_now(test);
  test.facts.strays["fake"][kStray] = test.now - test.settings.reap_grace;
  test.apply(decide(test).changes);
  test.settle(Effect::release, kStray.text, IntentState::failed, ErrorKind::unavailable);
  EXPECT_FALSE(starts(decide(test), Effect::release));
  test.pass(test.settings.backoff_max);
  EXPECT_TRUE(starts(decide(test), Effect::release));
}

TEST(DecideReaping, WhatWasReleasedWaitsForAListAndIsNotReleasedAgainAtOnce) {
  TestWorld test;
  listed_now(test);
  test.facts.strays["fake"][kStray] = test.now - test.settings.reap_grace;
  test.apply(decide(test).changes);
  test.pass(Millis{10});
  test.settle(Effect::release, kStray.text, IntentState::done);
  const auto released = decide(test);
  EXPECT_FALSE(starts(released, Effect::release));
  EXPECT_TRUE(starts(released, Effect::list)) << "a list that is younger than the release";
  test.pass(Millis{10});
  listed_now(test);  // and still shows it: lists lag behind
  const auto lagging = decide(test);
  EXPECT_TRUE(lagging.changes.empty());
  EXPECT_EQ(lagging.look_again, test.now + test.settings.list_retry);
  test.pass(test.settings.release_deadline);
  listed_now(test);
  EXPECT_TRUE(starts(decide(test), Effect::release));
}

TEST(DecideReaping, ALastingRefusalIsTriedAgainWithGrowingPauses) {
  TestWorld test;
  test.facts.strays["fake"][kStray] = test.now - test.settings.reap_grace;
  const auto pause = [&] {
    listed_now(test);
    test.apply(decide(test).changes);
    test.settle(Effect::release, kStray.text, IntentState::failed, ErrorKind::permission_denied);
    const auto decision = decide(test);
    EXPECT_TRUE(decision.changes.empty());
    const Time again = *decision.look_again;
    EXPECT_GT(again, test.now);
    return std::chrono::duration_cast<Millis>(again - std::exchange(test.now, again));
  };
  const Millis first = pause();
  Millis last = first;
  for (int i = 0; i < 5; ++i) last = pause();
  EXPECT_GT(last, first * 10);
}

TEST(DecideReaping, EndsAFewInOnePass) {
  TestWorld test;
  listed_now(test);
  for (int i = 0; i < 50; ++i) {
    test.facts.strays["fake"][LeaseId{fmt::format("l-{}", i)}] =
        test.now - test.settings.reap_grace;
  }
  EXPECT_EQ(static_cast<std::int64_t>(decide(test).changes.size()), test.settings.reap_cap);
}

}  // namespace
}  // namespace bdaas
