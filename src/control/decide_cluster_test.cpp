#include "control/test_world.h"

namespace bdaas {
namespace {

using S = ClusterState;

Decision decide(const TestWorld& test) { return decide_cluster(test.world(), test.cluster()); }

std::shared_ptr<const Move<Cluster>> moved(const Decision& decision) {
  return find_change<Move<Cluster>>(decision);
}

template <class N>
std::vector<N> inserted(const Decision& decision) {
  std::vector<N> rows;
  for (const auto& change : decision.changes) {
    if (const auto* item = std::get_if<Insert<N>>(&change)) rows.push_back(item->row);
  }
  return rows;
}

void make_ready(TestWorld& test, std::int64_t index) {
  test.edit_node(index, [&](Node& node) {
    node.ready = true;
    node.ready_at = test.now;
  });
}

// Plans are given once; then only what changes is of interest.
void settle_plans(TestWorld& test) { test.apply(decide(test).changes); }

void expect_ending(const Decision& decision, Reason reason) {
  ASSERT_NE(moved(decision), nullptr);
  EXPECT_EQ(moved(decision)->to, S::terminating);
  EXPECT_EQ(moved(decision)->reason, reason) << to_text(moved(decision)->reason);
  EXPECT_EQ(moved(decision)->row.wish, ClusterWish::terminated);
}

TEST(DecideCluster, FetchesItsReleaseThenWantsOneMachineForEachMember) {
  TestWorld fresh;
  Cluster cluster;
  cluster.id = ClusterId{"c-fresh"};
  cluster.owner = UserId{"u-test"};
  cluster.spec.workers = 3;
  fresh.apply({Insert<Cluster>{cluster}});
  const auto fetch = decide(fresh);
  ASSERT_TRUE(starts(fetch, Effect::fetch_release));
  fresh.apply(fetch.changes);
  EXPECT_TRUE(decide(fresh).changes.empty());
  fresh.settle(Effect::fetch_release, "c-fresh", IntentState::done);
  const auto wanted = decide(fresh);
  EXPECT_EQ(inserted<Node>(wanted).size(), 4u);
  ASSERT_EQ(inserted<Lease>(wanted).size(), 4u);
  EXPECT_EQ(inserted<Node>(wanted).front().role, NodeRole::master);
  EXPECT_EQ(moved(wanted)->to, S::provisioning);
}

TEST(DecideCluster, AReleaseThatCannotBeFetchedEndsIt) {
  TestWorld test;
  Cluster cluster;
  cluster.id = ClusterId{"c-fresh"};
  cluster.owner = UserId{"u-test"};
  test.apply({Insert<Cluster>{cluster}});
  test.apply({Start{Effect::fetch_release, "c-fresh", 1}});
  test.settle(Effect::fetch_release, "c-fresh", IntentState::failed, ErrorKind::corrupted);
  expect_ending(decide(test), Reason::bootstrap_failed);
}

TEST(DecideCluster, RunsAtAQuorum) {
  TestWorld test;
  test.add_cluster(S::starting, 2, LeaseState::ready);
  make_ready(test, 0);
  make_ready(test, 1);
  settle_plans(test);
  EXPECT_EQ(moved(decide(test)), nullptr) << "one of two workers";
  test.apply(decide(test).changes);
  make_ready(test, 2);
  ASSERT_NE(moved(decide(test)), nullptr);
  EXPECT_EQ(moved(decide(test))->to, S::running);
}

TEST(DecideCluster, GivesEveryNodeOnePlanAndANewOneWhenTheHostsChange) {
  TestWorld test;
  test.add_cluster(S::starting, 1, LeaseState::ready);
  settle_plans(test);
  EXPECT_EQ(test.member(0).node.plan_revision, 1);
  EXPECT_EQ(test.member(1).node.plan_revision, 1);
  settle_plans(test);
  EXPECT_EQ(test.member(1).node.plan_revision, 1) << "nothing changed";
  test.edit_lease(1, [](Lease& lease) { lease.machine->address = "127.0.0.99"; });
  settle_plans(test);
  EXPECT_EQ(test.member(0).node.plan_revision, 2);
}

TEST(DecideCluster, ReplacesALostWorkerUnderANewIndex) {
  TestWorld test;
  test.add_cluster(S::running, 1, LeaseState::ready);
  make_ready(test, 0);
  make_ready(test, 1);
  settle_plans(test);
  test.apply({Move<Lease>{test.member(1).lease, LeaseState::lost, Reason::node_lost, "", "gone"}});
  const auto decision = decide(test);
  ASSERT_EQ(inserted<Node>(decision).size(), 1u);
  EXPECT_EQ(inserted<Node>(decision).front().index, 2);
  test.apply(decision.changes);
  EXPECT_FALSE(test.member(1).node.wanted);
}

TEST(DecideCluster, EndsWhenTooManyWorkersWereLost) {
  TestWorld test;
  test.settings.replacements_per_worker = 0;
  test.add_cluster(S::running, 1, LeaseState::ready);
  test.apply({Move<Lease>{test.member(1).lease, LeaseState::lost, Reason::node_lost, "", "gone"}});
  expect_ending(decide(test), Reason::node_lost);
}

TEST(DecideCluster, EndsWithItsMaster) {
  TestWorld test;
  test.add_cluster(S::running, 1, LeaseState::ready);
  test.apply({Move<Lease>{test.member(0).lease, LeaseState::lost, Reason::node_lost, "", "gone"}});
  expect_ending(decide(test), Reason::node_lost);
}

TEST(DecideCluster, ADaemonThatFailedForGoodIsTheReason) {
  TestWorld test;
  test.add_cluster(S::starting, 1, LeaseState::ready);
  test.edit_node(0, [](Node& node) {
    node.daemons.push_back(
        {.name = "namenode", .state = DaemonState::failed, .message = "exit code 1"});
  });
  const auto decision = decide(test);
  expect_ending(decision, Reason::daemon_failed);
  EXPECT_NE(moved(decision)->message.find("exit code 1"), std::string::npos);
}

TEST(DecideCluster, ANodeThatIsNotReadyInTimeIsGivenUpAndOneThatWasReadyIsNot) {
  TestWorld test;
  test.add_cluster(S::running, 1, LeaseState::ready);
  make_ready(test, 0);
  make_ready(test, 1);
  settle_plans(test);
  test.edit_node(0, [](Node& node) { node.ready = false; });  // a daemon restarts
  test.pass(test.settings.node_ready_deadline);
  EXPECT_EQ(moved(decide(test)), nullptr);
  test.edit_node(0, [](Node& node) { node.ready_at.reset(); });  // it never was
  expect_ending(decide(test), Reason::not_ready_in_time);
}

TEST(DecideCluster, AClusterThatDoesNotRunInTimeEndsAndSaysWhoWasSlow) {
  TestWorld test;
  test.add_cluster(S::provisioning, 1, LeaseState::requested);
  test.edit_cluster([&](Cluster& cluster) { cluster.deadline = test.now + Millis{1'000}; });
  EXPECT_EQ(moved(decide(test)), nullptr);
  test.pass(Millis{1'000});
  const auto decision = decide(test);
  expect_ending(decision, Reason::not_ready_in_time);
  EXPECT_NE(moved(decision)->message.find("host-1"), std::string::npos);
}

TEST(DecideCluster, GrowsByMembersAndIsResizingMeanwhile) {
  TestWorld test;
  test.add_cluster(S::running, 1, LeaseState::ready);
  make_ready(test, 0);
  make_ready(test, 1);
  settle_plans(test);
  test.edit_cluster([](Cluster& cluster) { cluster.spec.workers = 2; });
  const auto grow = decide(test);
  EXPECT_EQ(inserted<Lease>(grow).size(), 1u);
  test.apply(grow.changes);
  test.apply(decide(test).changes);
  EXPECT_EQ(test.cluster().cluster.status.state, S::resizing);
}

TEST(DecideCluster, ALateWorkerIsGivenUpAndTheClusterStays) {
  TestWorld test;
  test.add_cluster(S::resizing, 2, LeaseState::ready);
  test.edit_cluster([&](Cluster& cluster) { cluster.deadline = test.now + Millis{1'000}; });
  make_ready(test, 0);
  make_ready(test, 1);
  settle_plans(test);
  test.pass(Millis{1'000});
  const auto decision = decide(test);
  ASSERT_NE(moved(decision), nullptr);
  EXPECT_EQ(moved(decision)->to, S::running);
  EXPECT_EQ(moved(decision)->row.spec.workers, 1);
}

TEST(DecideCluster, EndsWhenIdleForLongButNotWhileAStepOrAJobNeedsIt) {
  TestWorld test;
  test.add_cluster(S::running, 1, LeaseState::ready);
  make_ready(test, 0);
  make_ready(test, 1);
  settle_plans(test);
  test.edit_cluster([](Cluster& cluster) { cluster.spec.idle_timeout_ms = Millis{5'000}; });
  test.apply(decide(test).changes);
  test.add_job(JobState::preparing, {.cluster = ClusterId{"c-test"}});
  test.apply(decide(test).changes);
  test.pass(Millis{5'000});
  EXPECT_EQ(moved(decide(test)), nullptr);
  test.apply({Move<Job>{test.job(), JobState::finishing, Reason::none, "", ""}});
  test.apply({Move<Job>{test.job(), JobState::cancelled, Reason::none, "", ""}});
  test.apply(decide(test).changes);
  EXPECT_EQ(moved(decide(test)), nullptr);
  test.pass(Millis{5'000});
  expect_ending(decide(test), Reason::idle);
}

TEST(DecideCluster, HasEndedOnlyWhenEveryLeaseAndStepHas) {
  TestWorld test;
  test.add_cluster(S::terminating, 1, LeaseState::releasing);
  test.add_step("s-test", StepState::running);
  EXPECT_EQ(moved(decide(test)), nullptr);
  for (std::int64_t index = 0; index <= 1; ++index) {
    test.apply({Move<Lease>{test.member(index).lease, LeaseState::released, Reason::none, "", ""}});
  }
  EXPECT_EQ(moved(decide(test)), nullptr) << "its step has not";
  test.apply({Move<Step>{test.step("s-test"), StepState::failed, Reason::none, "", ""}});
  ASSERT_NE(moved(decide(test)), nullptr);
  EXPECT_EQ(moved(decide(test))->to, S::terminated);
}

TEST(DecideCluster, EndsByAWishWithItsReason) {
  for (const auto& [reason, to] :
       {std::pair{Reason::user_request, S::terminated}, std::pair{Reason::job_done, S::terminated},
        std::pair{Reason::node_lost, S::terminated_with_errors}}) {
    TestWorld test;
    test.add_cluster(S::running, 1, LeaseState::released);
    test.edit_cluster([&, why = reason](Cluster& cluster) {
      cluster.wish = ClusterWish::terminated;
      cluster.wish_reason = why;
    });
    test.apply(decide(test).changes);
    ASSERT_EQ(test.cluster().cluster.status.state, S::terminating);
    ASSERT_NE(moved(decide(test)), nullptr);
    EXPECT_EQ(moved(decide(test))->to, to);
  }
}

}  // namespace
}  // namespace bdaas
