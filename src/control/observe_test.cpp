#include "control/observe.h"

#include "control/test_world.h"

namespace bdaas {
namespace {

NodeId node_id(const TestWorld& test) { return test.member(1).node.id; }

void report(TestWorld& test, Report body) {
  test.apply(observe_link(test.rows, LinkReport{node_id(test), std::move(body)}, test.now));
}

DaemonsReport daemons(std::int64_t seq, DaemonState state) {
  DaemonsReport body;
  body.seq = seq;
  body.revision = 1;
  body.daemons.push_back({.name = "datanode", .state = state});
  return body;
}

Outcome outcome_of(const TestWorld& test, Effect effect, const std::string& subject,
                   std::optional<ErrorKind> error) {
  Outcome outcome;
  outcome.effect = effect;
  outcome.subject = subject;
  outcome.intent = test.rows.intents().latest(effect, subject)->id;
  if (error) outcome.error = fail(*error, "words");
  return outcome;
}

void list(TestWorld& test, std::vector<ListedMachine> machines,
          const std::string& provider = "fake") {
  Outcome outcome;
  outcome.effect = Effect::list;
  outcome.subject = provider;
  outcome.value = ListAnswer{test.now, std::move(machines)};
  test.apply(observe_outcome(test.rows, test.facts, outcome, test.now));
}

TEST(ObserveOutcome, APlanThatDoesNotFitBesideOneThatWasKeptFirstIsNotKept) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::ready);
  test.edit_cluster([](Cluster& cluster) {
    cluster.spec.provider = "local";
    cluster.memory.worker_mib = 3'000;
  });
  Cluster late;
  late.id = ClusterId{"c-late"};
  late.spec.provider = "local";
  late.spec.workers = 1;
  test.apply({Insert<Cluster>{late}, Start{Effect::fetch_release, late.id.text, 1}});
  Outcome outcome = outcome_of(test, Effect::fetch_release, late.id.text, std::nullopt);
  Prepared prepared;
  prepared.memory.worker_mib = 4'000;
  prepared.room = {true, 5'000, 0};
  outcome.value = prepared;
  test.apply(observe_outcome(test.rows, test.facts, outcome, test.now));
  const auto* intent = test.rows.intents().latest(Effect::fetch_release, late.id.text);
  EXPECT_EQ(intent->state, IntentState::failed);
  EXPECT_EQ(intent->error_kind, ErrorKind::unavailable);
  EXPECT_EQ(test.rows.cluster(late.id)->cluster.memory.worker_mib, 0);

  test.apply({Start{Effect::fetch_release, late.id.text, 2}});
  outcome = outcome_of(test, Effect::fetch_release, late.id.text, std::nullopt);
  prepared.room.promised_mib = 3'000;
  outcome.value = prepared;
  test.apply(observe_outcome(test.rows, test.facts, outcome, test.now));
  EXPECT_EQ(test.rows.cluster(late.id)->cluster.memory.worker_mib, 4'000);
}

TEST(ObserveLink, AReportThatComesTwiceIsTakenOnce) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::ready);
  report(test, daemons(1, DaemonState::starting));
  report(test, daemons(2, DaemonState::ready));
  ASSERT_TRUE(test.member(1).node.ready);
  report(test, daemons(1, DaemonState::starting));
  EXPECT_TRUE(test.member(1).node.ready);
  EXPECT_EQ(test.member(1).node.report_seq, 2);
}

TEST(ObserveLink, ANodeThatWasReadyOnceKeepsTheTimeOfIt) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::ready);
  report(test, daemons(1, DaemonState::ready));
  const auto first = test.member(1).node.ready_at;
  ASSERT_EQ(first, test.now);
  test.pass(Millis{1'000});
  report(test, daemons(2, DaemonState::restarting));
  report(test, daemons(3, DaemonState::ready));
  EXPECT_EQ(test.member(1).node.ready_at, first);
}

TEST(ObserveLink, HelloAndGoodbyeAreTheLinkAndNotTheNode) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::ready);
  report(test, daemons(1, DaemonState::ready));
  test.apply(observe_link(test.rows, LinkDown{node_id(test), "reset"}, test.now));
  EXPECT_FALSE(test.member(1).node.connected);
  EXPECT_TRUE(test.member(1).node.ready) << "its daemons do not need the link";
  Hello hello;
  hello.boot = "b-2";
  hello.applied_revision = 4;
  test.apply(observe_link(test.rows, LinkUp{node_id(test), hello}, test.now));
  EXPECT_TRUE(test.member(1).node.connected);
  EXPECT_EQ(test.member(1).node.applied_revision, 4);
}

TEST(ObserveLink, ARenewedLeaseAndARefusedPlanGoIntoTheirRows) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::ready);
  report(test, LeaseRenewed{1, test.now + Millis{5}});
  EXPECT_EQ(test.member(1).lease.renewed_until, test.now + Millis{5});
  report(test, PlanApplied{2, 7, "no space"});
  EXPECT_EQ(test.member(1).node.applied_revision, 7);
  EXPECT_EQ(test.member(1).node.plan_error, "no space");
}

TEST(ObserveLink, NewsOfANodeThatIsGoneChangeNothing) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::ready);
  EXPECT_TRUE(observe_link(test.rows, LinkDown{NodeId{"n-gone"}, ""}, test.now).empty());
}

TEST(ObserveOutcome, SettlesTheIntentByWhatIsKnown) {
  struct Case {
    Effect effect;
    std::optional<ErrorKind> error;
    IntentState state;
  };
  const std::vector<Case> cases = {
      {Effect::rent, ErrorKind::resource_exhausted, IntentState::failed},
      {Effect::rent, ErrorKind::unknown_outcome, IntentState::unknown},
      {Effect::rent, ErrorKind::deadline_exceeded, IntentState::unknown},
      {Effect::release, std::nullopt, IntentState::done},
      {Effect::release, ErrorKind::unknown_outcome, IntentState::failed},  // harmless to repeat
  };
  for (const auto& item : cases) {
    TestWorld test;
    test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
    const std::string lease = test.member(1).lease.id.text;
    test.apply({Start{item.effect, lease, 1}});
    test.apply(observe_outcome(test.rows, test.facts,
                               outcome_of(test, item.effect, lease, item.error), test.now));
    EXPECT_EQ(test.rows.intents().latest(item.effect, lease)->state, item.state)
        << to_text(item.effect);
    EXPECT_FALSE(test.facts.flying(item.effect, lease));
  }
}

TEST(ObserveOutcome, ASubmissionOfUnknownOutcomeStaysUnknown) {
  TestWorld test;
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  test.apply({Start{Effect::submit_step, "s-1", 1}});
  test.apply(observe_outcome(
      test.rows, test.facts,
      outcome_of(test, Effect::submit_step, "s-1", ErrorKind::unknown_outcome), test.now));
  EXPECT_EQ(test.rows.intents().latest(Effect::submit_step, "s-1")->state, IntentState::unknown);
}

TEST(ObserveOutcome, WhatWasNotedOfAnEndedClusterIsForgotten) {
  TestWorld test;
  const auto cluster = test.add_cluster(ClusterState::terminating, 1, LeaseState::released);
  const auto step = test.add_step("s-1", StepState::succeeded);
  test.see(step, RunState::succeeded);
  test.facts.drains[cluster].asked_at = test.now;
  forget_the_ended(test.rows, test.facts);
  EXPECT_EQ(test.facts.runs.size(), 1u);
  EXPECT_EQ(test.facts.drains.size(), 1u);
  test.apply(
      {Move<Cluster>{test.cluster().cluster, ClusterState::terminated, Reason::none, "", ""}});
  forget_the_ended(test.rows, test.facts);
  EXPECT_TRUE(test.facts.runs.empty());
  EXPECT_TRUE(test.facts.drains.empty());
}

TEST(ObserveOutcome, AnAnswerToAnEarlierAttemptChangesNothing) {
  TestWorld test;
  test.add_cluster(ClusterState::provisioning, 1, LeaseState::requested);
  const std::string lease = test.member(1).lease.id.text;
  test.apply({Start{Effect::rent, lease, 1}});
  const auto late = outcome_of(test, Effect::rent, lease, ErrorKind::unavailable);
  test.pass(Millis{10});
  test.apply({Start{Effect::rent, lease, 2}});
  EXPECT_TRUE(observe_outcome(test.rows, test.facts, late, test.now).empty());
}

TEST(ObserveList, AnErrorIsNeverEmpty) {
  TestWorld test;
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  Outcome outcome;
  outcome.effect = Effect::list;
  outcome.subject = "fake";
  outcome.error = fail(ErrorKind::unavailable, "words");
  test.pass(Millis{1'000});
  test.apply(observe_outcome(test.rows, test.facts, outcome, test.now));
  EXPECT_EQ(test.member(1).lease.missed_lists, 0);
  EXPECT_TRUE(test.facts.lists.empty());
}

TEST(ObserveList, CountsCompleteListsWithoutTheMachineInARow) {
  TestWorld test;
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  test.pass(Millis{1'000});
  list(test, {});
  list(test, {});
  EXPECT_EQ(test.member(1).lease.missed_lists, 2);
  ListedMachine machine;
  machine.installation = test.facts.installation;
  machine.token = test.member(1).lease.id;
  list(test, {machine});
  EXPECT_EQ(test.member(1).lease.missed_lists, 0);
  machine.terminated = true;
  list(test, {machine});
  EXPECT_EQ(test.member(1).lease.missed_lists, 1) << "shown, but it costs nothing any more";
}

TEST(ObserveList, OursWithoutALeaseAreStraysAndOthersAreNot) {
  TestWorld test;
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
  ListedMachine ours;
  ours.installation = test.facts.installation;
  ours.token = LeaseId{"l-stray"};
  ListedMachine foreign = ours;
  foreign.installation = InstallationId{"i-other"};
  foreign.token = LeaseId{"l-foreign"};
  const Time first = test.now;
  list(test, {ours, foreign});
  test.pass(Millis{10});
  list(test, {ours, foreign});
  ASSERT_EQ(test.facts.strays["fake"].size(), 1u);
  EXPECT_EQ(test.facts.strays["fake"].at(LeaseId{"l-stray"}), first) << "the first sight counts";
  list(test, {foreign});
  EXPECT_TRUE(test.facts.strays["fake"].empty());
}

TEST(ObserveList, AListSaysNothingOfTheStraysOfAnotherProvider) {
  TestWorld test;
  ListedMachine stray;
  stray.installation = test.facts.installation;
  stray.token = LeaseId{"l-stray"};
  const Time first = test.now;
  list(test, {stray}, "local");
  test.pass(Millis{10});
  list(test, {}, "fake");
  test.pass(Millis{10});
  list(test, {stray}, "local");
  EXPECT_EQ(test.facts.strays["local"].at(stray.token), first);
  EXPECT_TRUE(test.facts.strays["fake"].empty());
}

}  // namespace
}  // namespace bdaas
