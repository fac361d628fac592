#include <gmock/gmock.h>

#include "control/observe.h"
#include "control/test_world.h"

namespace bdaas {
namespace {

using S = ClusterState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A running cluster of three workers whose third one shall leave.
class Draining : public ::testing::Test {
 protected:
  Draining() {
    test_.add_cluster(S::running, 3, LeaseState::ready);
    for (std::int64_t index = 0; index <= 3; ++index) {
      test_.edit_node(index, [&](Node& node) {
        node.ready = true;
        node.ready_at = test_.now;
      });
    }
    settle();
    resize(2);
  }

  void resize(std::int64_t workers) {
    test_.apply(resize_members(test_.cluster(), workers, test_.now));
    test_.edit_cluster([&](Cluster& row) { set_workers(row, workers); });
  }
  // Whatever the cluster's decider has to say; agents take their plans.
  void settle() {
    for (bool changed = true; changed;) {
      const auto decision = decide_cluster(test_.world(), test_.cluster());
      changed = !decision.changes.empty();
      test_.apply(decision.changes);
      for (std::int64_t index = 0; index <= 3; ++index) {
        test_.edit_node(index, [](Node& node) { node.applied_revision = node.plan_revision; });
      }
    }
  }
  Decision decide() { return decide_draining(test_.world(), test_.cluster()); }
  bool asks() {
    const auto decision = decide();
    test_.apply(decision.changes);
    return starts(decision, Effect::decommission);
  }
  // The engine's answer to the question that is under way.
  void answer(const Drains& drains) {
    Outcome outcome;
    outcome.effect = Effect::decommission;
    outcome.subject = "c-test";
    outcome.value = DrainAnswer{test_.now, drains};
    test_.apply(observe_outcome(test_.rows, test_.facts, outcome, test_.now));
    test_.facts.drains[ClusterId{"c-test"}].asked_at = test_.now;
  }
  const Node& node(std::int64_t index) { return test_.member(index).node; }
  const Cluster& cluster() { return test_.cluster().cluster; }

  TestWorld test_;
  const NodeId third_ = node_of(ClusterId{"c-test"}, 3);
};

TEST_F(Draining, TheYoungestLeavesAndTheClusterIsResizingUntilItHasGone) {
  EXPECT_TRUE(leaves(node(3)));
  EXPECT_FALSE(leaves(node(2)));
  settle();
  EXPECT_EQ(cluster().status.state, S::resizing);
  EXPECT_THAT(cluster().leaving, HasSubstr("host-3: the engine is being told"));
  EXPECT_EQ(test_.cluster().members.size(), 4u) << "nobody in its place";
  ASSERT_TRUE(asks());
  answer({{third_, {.left = "12 blocks left to copy"}}});
  settle();
  EXPECT_EQ(cluster().leaving, "host-3: 12 blocks left to copy");
  EXPECT_TRUE(node(3).wanted);
  test_.pass(test_.settings.drain_interval);
  ASSERT_TRUE(asks());
  answer({{third_, {.emptied = true, .done = true, .left = "nothing"}}});
  EXPECT_FALSE(asks());
  EXPECT_FALSE(node(3).wanted);
  settle();
  EXPECT_EQ(cluster().status.state, S::running);
  EXPECT_EQ(cluster().ready_workers, 2);
  EXPECT_EQ(cluster().leaving, "");
  EXPECT_EQ(test_.cluster().members.size(), 4u);
}

TEST_F(Draining, TheEngineIsAskedWhenItsListsAreThereAndNotTooOften) {
  test_.apply(decide_cluster(test_.world(), test_.cluster()).changes);
  ASSERT_LT(node(0).applied_revision, node(0).plan_revision);
  EXPECT_FALSE(asks()) << "the master has not its new plan yet";
  settle();
  EXPECT_TRUE(asks());
  EXPECT_FALSE(asks()) << "a question is under way";
  answer({});
  EXPECT_FALSE(asks()) << "it has just been asked";
  test_.pass(test_.settings.drain_interval);
  EXPECT_TRUE(asks());
}

TEST_F(Draining, ItsProgramsMayEndOnlyWhenItsBlocksAreElsewhere) {
  settle();
  const auto revision = node(0).plan_revision;
  ASSERT_TRUE(asks());
  answer({{third_, {.emptied = true, .left = "1 containers running"}}});
  EXPECT_TRUE(node(3).emptied);
  settle();
  EXPECT_EQ(node(0).plan_revision, revision + 1) << "another list of the master";
}

TEST_F(Draining, AWordFromBeforeTheWishDoesNotCount) {
  settle();
  ASSERT_TRUE(asks());
  test_.facts.drains[ClusterId{"c-test"}].begun_at = test_.now - Millis{1};
  test_.facts.drains[ClusterId{"c-test"}].drains[third_] = {.emptied = true, .done = true};
  test_.apply(decide().changes);
  EXPECT_TRUE(node(3).wanted);
}

TEST_F(Draining, GrowingTakesTheMarkBackBeforeAnybodyIsAdded) {
  resize(1);
  EXPECT_TRUE(leaves(node(2)));
  settle();
  resize(4);
  EXPECT_FALSE(leaves(node(2)));
  EXPECT_FALSE(leaves(node(3)));
  EXPECT_TRUE(comes_back(node(3)));
  test_.apply(decide_cluster(test_.world(), test_.cluster()).changes);
  EXPECT_EQ(test_.cluster().members.size(), 5u) << "one new worker";
  EXPECT_EQ(cluster().memory.executors, 0);
}

TEST_F(Draining, TheEngineIsToldOfThoseThatStayUntilItAgrees) {
  settle();
  ASSERT_TRUE(asks());
  resize(3);
  answer({{third_, {.left = "4 blocks left to copy"}}});  // of before
  EXPECT_TRUE(comes_back(node(3)));
  settle();
  EXPECT_EQ(cluster().status.state, S::resizing);
  test_.pass(test_.settings.drain_interval);
  ASSERT_TRUE(asks());
  answer({});
  EXPECT_FALSE(comes_back(node(3)));
  settle();
  EXPECT_EQ(cluster().status.state, S::running);
  test_.pass(test_.settings.drain_interval);
  EXPECT_FALSE(asks());
}

TEST_F(Draining, IsGivenUpAfterItsDeadline) {
  test_.edit_cluster([](Cluster& row) { row.memory.executors = 4; });
  settle();
  ASSERT_TRUE(asks());
  answer({{third_, {.left = "1 blocks left to copy"}}});
  test_.pass(test_.settings.drain_deadline);
  test_.apply(decide().changes);
  EXPECT_TRUE(comes_back(node(3)));
  EXPECT_TRUE(node(3).wanted);
  EXPECT_EQ(cluster().spec.workers, 3);
  EXPECT_EQ(cluster().memory.executors, 6) << "two on each";
}

TEST_F(Draining, WhoIsLostWhileLeavingIsSimplyGone) {
  settle();
  test_.apply(
      {Move<Lease>{test_.member(3).lease, LeaseState::lost, Reason::node_lost, "", "gone"}});
  settle();
  EXPECT_FALSE(node(3).wanted);
  EXPECT_EQ(test_.cluster().members.size(), 4u) << "nobody in its place";
  EXPECT_EQ(cluster().status.state, S::running);
  EXPECT_THAT(decide().changes, IsEmpty());
}

TEST_F(Draining, AnEngineThatDoesNotAnswerIsShown) {
  settle();
  ASSERT_TRUE(asks());
  Outcome outcome;
  outcome.effect = Effect::decommission;
  outcome.subject = "c-test";
  outcome.error = fail(ErrorKind::unavailable, "nobody at home");
  test_.apply(observe_outcome(test_.rows, test_.facts, outcome, test_.now));
  settle();
  EXPECT_THAT(cluster().leaving, HasSubstr("nobody at home"));
  test_.pass(test_.settings.drain_interval);
  EXPECT_TRUE(asks());
}

TEST_F(Draining, InAnEndingClusterNobodyIsAsked) {
  settle();
  test_.edit_cluster([](Cluster& row) { row.wish = ClusterWish::terminated; });
  EXPECT_THAT(decide().changes, IsEmpty());
}

}  // namespace
}  // namespace bdaas
