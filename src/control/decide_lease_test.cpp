#include "control/test_world.h"

namespace bdaas {
namespace {

Decision decide(const TestWorld& test, std::int64_t index = 1) {
  return decide_lease(test.world(), test.cluster(), test.member(index));
}

TEST(DecideLease, RentsOnceAndWaitsForTheAnswer) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  const auto first = decide(test);
  ASSERT_TRUE(starts(first, Effect::rent));
  test.apply(first.changes);
  EXPECT_TRUE(decide(test).changes.empty());
}

TEST(DecideLease, NeverRepeatsARentOfUnknownOutcomeBeforeAList) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.list({});  // older than the call: proves nothing
  test.pass(Millis{10});
  test.apply(decide(test).changes);
  test.pass(Millis{10});
  test.settle(Effect::rent, test.member(1).lease.id.text, IntentState::unknown);
  EXPECT_TRUE(decide(test).changes.empty());
}

TEST(DecideLease, TakesTheMachineThatAListShowsAfterAnUnknownRent) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.apply(decide(test).changes);
  test.settle(Effect::rent, test.member(1).lease.id.text, IntentState::unknown);
  test.pass(Millis{10});
  test.list({1});
  test.apply(decide(test).changes);
  ASSERT_TRUE(test.member(1).lease.machine);
  const auto next = decide(test);
  ASSERT_NE(find_change<Move<Lease>>(next), nullptr);
  EXPECT_EQ(find_change<Move<Lease>>(next)->to, LeaseState::rented);
}

TEST(DecideLease, RentsAgainWithTheSameTokenWhenTheListShowsNothing) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.apply(decide(test).changes);
  test.settle(Effect::rent, test.member(1).lease.id.text, IntentState::unknown);
  test.pass(Millis{10});
  test.list({});
  test.apply(decide(test).changes);
  EXPECT_FALSE(starts(decide(test), Effect::rent)) << "the backoff comes first";
  test.pass(test.settings.backoff_max);
  EXPECT_TRUE(starts(decide(test), Effect::rent));
}

TEST(DecideLease, ARentLongAfterTheWishAsksForAFreshDeadManTime) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.pass(test.settings.lease_ttl * 2);
  test.apply(decide(test).changes);
  EXPECT_EQ(test.member(1).lease.expires_at, test.now + test.settings.lease_ttl);
}

TEST(DecideLease, APendingRentOfAnEarlierManagerIsUnknown) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.apply(decide(test).changes);
  test.facts.in_flight.clear();  // as after a restart
  EXPECT_TRUE(decide(test).changes.empty());
  test.pass(Millis{10});
  test.list({1});
  EXPECT_FALSE(decide(test).changes.empty());
}

TEST(DecideLease, ARefusalForGoodNeedsAListBeforeTheLeaseIsDropped) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.apply(decide(test).changes);
  test.settle(Effect::rent, test.member(1).lease.id.text, IntentState::failed,
              ErrorKind::resource_exhausted);
  EXPECT_EQ(find_change<Move<Lease>>(decide(test)), nullptr);
  test.pass(Millis{10});
  test.list({});
  const auto move = find_change<Move<Lease>>(decide(test));
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, LeaseState::rent_failed);
  EXPECT_EQ(move->reason, Reason::provider_refused);
}

TEST(DecideLease, ARequestedLeaseThatIsNoLongerWantedIsReleasedInCaseItLives) {
  TestWorld test;
  test.add_cluster(ClusterState::terminating, 1, LeaseState::requested);
  const auto move = find_change<Move<Lease>>(decide(test));
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, LeaseState::releasing);
}

TEST(DecideLease, BecomesReadyWithTheAgentsHello) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::rented);
  test.edit_lease(1, [&](Lease& lease) { lease.deadline = test.now + Millis{60'000}; });
  EXPECT_TRUE(starts(decide(test), Effect::place_agent));
  test.edit_node(1, [](Node& node) { node.connected = true; });
  const auto move = find_change<Move<Lease>>(decide(test));
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, LeaseState::ready);
}

TEST(DecideLease, AMachineWithoutHelloInTimeIsGivenBack) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::rented);
  test.edit_lease(1, [&](Lease& lease) { lease.deadline = test.now + Millis{60'000}; });
  test.pass(Millis{60'000});
  const auto move = find_change<Move<Lease>>(decide(test));
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, LeaseState::releasing);
  EXPECT_EQ(move->reason, Reason::not_ready_in_time);
}

TEST(DecideLease, RenewsTheDeadManTimeInTime) {
  TestWorld test;
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  const auto early = decide(test);
  EXPECT_TRUE(early.changes.empty());
  ASSERT_TRUE(early.look_again);
  test.now = *early.look_again;
  const auto due = decide(test);
  const auto update = find_change<Update<Lease>>(due);
  ASSERT_NE(update, nullptr);
  EXPECT_EQ(update->row.expires_at, test.now + test.settings.lease_ttl);
  EXPECT_LT(*early.look_again, test.member(1).lease.expires_at - test.settings.lease_ttl / 3);
}

// A worker on another computer, ready.
void add_remote_worker(TestWorld& test) {
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  Lease lease = test.member(1).lease;
  lease.machine->ssh = SshLogin{.host = {.address = "10.0.0.5"}, .jumps = {}, .key_file = ""};
  test.apply({Update<Lease>{lease}});
}

void connect(TestWorld& test, bool connected) {
  Node node = test.member(1).node;
  node.connected = connected;
  test.apply({Update<Node>{node}});
}

TEST(DecideLease, AnotherComputerThatIsSilentForLongIsLost) {
  TestWorld test;
  add_remote_worker(test);
  connect(test, false);
  test.apply(decide(test).changes);
  EXPECT_TRUE(starts(decide(test), Effect::place_agent)) << "meanwhile it is tried";
  test.pass(test.settings.silence_deadline);
  const auto late = decide(test);
  ASSERT_NE(find_change<Move<Lease>>(late), nullptr);
  EXPECT_EQ(find_change<Move<Lease>>(late)->to, LeaseState::lost);
  EXPECT_EQ(find_change<Move<Lease>>(late)->reason, Reason::node_lost);
}

TEST(DecideLease, WhateverKeepsAReadyHostFromBeingReachedItHasTwoMinutes) {
  TestWorld test;
  add_remote_worker(test);
  connect(test, false);
  test.apply(decide(test).changes);  // the silence begins
  test.apply(decide(test).changes);  // its agent is placed
  test.settle(Effect::place_agent, test.member(1).node.id.text, IntentState::failed,
              ErrorKind::unauthenticated);
  EXPECT_EQ(find_change<Move<Lease>>(decide(test)), nullptr);
  test.pass(test.settings.place_again);
  EXPECT_TRUE(starts(decide(test), Effect::place_agent));
}

TEST(DecideLease, AnotherComputerThatAnswersAgainIsKept) {
  TestWorld test;
  add_remote_worker(test);
  connect(test, false);
  test.apply(decide(test).changes);
  connect(test, true);
  test.apply(decide(test).changes);
  EXPECT_EQ(test.member(1).lease.deadline, Time{});
  test.pass(test.settings.silence_deadline);
  EXPECT_EQ(find_change<Move<Lease>>(decide(test)), nullptr);
  connect(test, false);
  test.apply(decide(test).changes);
  EXPECT_EQ(find_change<Move<Lease>>(decide(test)), nullptr) << "a new silence is counted anew";
}

TEST(DecideLease, ARentThatWasBrokenOffIsAskedForAgain) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  test.apply(decide(test).changes);
  test.settle(Effect::rent, test.member(1).lease.id.text, IntentState::unknown);
  test.pass(Millis{10});
  test.list({1});
  test.facts.lists.at("fake").machines.begin()->second.machine.address.clear();
  test.apply(decide(test).changes);
  EXPECT_FALSE(test.member(1).lease.machine);
  test.pass(test.settings.backoff_max);
  EXPECT_TRUE(starts(decide(test), Effect::rent));
}

TEST(DecideLease, IsLostAfterSeveralCompleteListsOnly) {
  TestWorld test;
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  test.edit_lease(1, [&](Lease& lease) { lease.missed_lists = test.settings.lists_to_lose - 1; });
  EXPECT_EQ(find_change<Move<Lease>>(decide(test)), nullptr);
  test.edit_lease(1, [&](Lease& lease) { lease.missed_lists = test.settings.lists_to_lose; });
  const auto move = find_change<Move<Lease>>(decide(test));
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, LeaseState::lost);
}

TEST(DecideLease, WhatIsLostIsReleasedAlsoWhenItsAgentTurnsUpAgain) {
  TestWorld test;
  test.add_cluster(ClusterState::running, 1, LeaseState::lost);
  test.edit_node(1, [](Node& node) { node.connected = true; });
  const auto move = find_change<Move<Lease>>(decide(test));
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, LeaseState::releasing);
  EXPECT_EQ(move->reason, Reason::node_lost);
}

TEST(DecideLease, ReleasedOnlyWhenAYoungerListShowsItNoMore) {
  TestWorld test;
  test.add_cluster(ClusterState::terminating, 1, LeaseState::releasing);
  test.list({});
  test.pass(Millis{10});
  const auto first = decide(test);
  ASSERT_TRUE(starts(first, Effect::release));
  test.apply(first.changes);
  test.pass(Millis{10});
  test.settle(Effect::release, test.member(1).lease.id.text, IntentState::done);
  EXPECT_EQ(find_change<Move<Lease>>(decide(test)), nullptr) << "that list is older";
  test.pass(Millis{10});
  test.list({1});
  EXPECT_EQ(find_change<Move<Lease>>(decide(test)), nullptr) << "still listed";
  test.pass(Millis{10});
  test.list({});
  const auto move = find_change<Move<Lease>>(decide(test));
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, LeaseState::released);
}

TEST(DecideLease, AFailedReleaseIsTriedForEver) {
  TestWorld test;
  test.add_cluster(ClusterState::terminating, 1, LeaseState::releasing);
  for (int i = 0; i < 20; ++i) {
    test.pass(Millis{1});
    const auto begin = decide(test);
    ASSERT_TRUE(starts(begin, Effect::release)) << i;
    test.apply(begin.changes);
    test.settle(Effect::release, test.member(1).lease.id.text, IntentState::failed,
                ErrorKind::permission_denied);
    test.apply(decide(test).changes);
    ASSERT_EQ(test.member(1).lease.status.state, LeaseState::release_failed) << i;
    EXPECT_TRUE(decide(test).changes.empty()) << "not before its time";
    test.now = test.member(1).lease.not_before;
    test.apply(decide(test).changes);
    ASSERT_EQ(test.member(1).lease.status.state, LeaseState::releasing) << i;
  }
}

}  // namespace
}  // namespace bdaas
