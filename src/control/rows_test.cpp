#include "control/test_world.h"

namespace bdaas {
namespace {

TEST(Rows, LoadReadsTheLivingAndTheirNewestIntents) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  const std::string lease = test.member(1).lease.id.text;
  test.apply({Start{Effect::rent, lease, 1}});
  test.settle(Effect::rent, lease, IntentState::failed, ErrorKind::throttled);
  test.pass(Millis{10});
  test.apply({Start{Effect::rent, lease, 2}});
  Rows again(test.rows.store());
  ASSERT_TRUE(again.load().ok());
  ASSERT_EQ(again.clusters().size(), 1u);
  EXPECT_EQ(again.clusters().begin()->second.members.size(), 2u);
  ASSERT_NE(again.intents().latest(Effect::rent, lease), nullptr);
  EXPECT_EQ(again.intents().latest(Effect::rent, lease)->attempt, 2);
  EXPECT_EQ(again.intents().latest(Effect::rent, lease)->state, IntentState::pending);
}

TEST(Rows, LoadLeavesTheIntentsOfTheEndedInTheStore) {
  TestWorld test;
  test.add_cluster(ClusterState::terminating, 1, LeaseState::released);
  test.apply({Start{Effect::fetch_release, "c-test", 1}});
  test.apply(
      {Move<Cluster>{test.cluster().cluster, ClusterState::terminated, Reason::none, "", ""}});
  Rows again(test.rows.store());
  ASSERT_TRUE(again.load().ok());
  EXPECT_TRUE(again.clusters().empty());
  EXPECT_TRUE(again.intents().all().empty());
}

TEST(Rows, NoIntentStaysPendingForTheEnded) {
  TestWorld test;
  test.add_cluster(ClusterState::terminating, 1, LeaseState::released);
  test.apply({Start{Effect::place_agent, test.member(1).node.id.text, 1}});
  test.apply(
      {Move<Cluster>{test.cluster().cluster, ClusterState::terminated, Reason::none, "", ""}});
  const auto intents = test.rows.store().list<Intent>();
  ASSERT_TRUE(intents.ok());
  ASSERT_EQ(intents->size(), 1u);
  EXPECT_EQ(intents->front().state, IntentState::unknown);
}

TEST(Rows, ARefusedChangeLeavesNothingOfItsTransaction) {
  TestWorld test;
  const auto id = test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  Cluster renamed = test.cluster().cluster;
  renamed.spec.name = "other";
  Cluster backwards = test.cluster().cluster;
  const auto applied = test.rows.apply(
      {Update<Cluster>{renamed},
       Move<Cluster>{backwards, ClusterState::provisioning, Reason::none, "test", ""}},
      test.now);
  EXPECT_FALSE(applied.ok());
  EXPECT_EQ(test.rows.cluster(id)->cluster.spec.name, "");
  EXPECT_EQ(test.rows.cluster(id)->members.size(), 2u);
}

}  // namespace
}  // namespace bdaas
