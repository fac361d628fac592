#include "control/test_world.h"

namespace bdaas {
namespace {

const std::string kStep = "s-test";

Decision decide(const TestWorld& test, const std::string& id = kStep) {
  return decide_step(test.world(), test.cluster(), test.step(id));
}

void running_cluster(TestWorld& test) {
  test.add_cluster(ClusterState::running, 1, LeaseState::ready);
}

void expect_move(const Decision& decision, StepState to, Reason reason) {
  const auto move = find_change<Move<Step>>(decision);
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, to) << to_text(move->to);
  EXPECT_EQ(move->reason, reason) << to_text(move->reason);
}

void submit(TestWorld& test, IntentState state, ErrorKind kind = ErrorKind::internal) {
  test.apply({Start{Effect::submit_step, kStep, 1}});
  test.settle(Effect::submit_step, kStep, state, kind);
}

void running_step_that_is_cancelled(TestWorld& test) {
  running_cluster(test);
  test.add_step(kStep, StepState::running);
  submit(test, IntentState::done);
  test.edit_step(kStep, [](Step& step) { step.cancel_wanted = true; });
  test.apply(decide(test).changes);
}

TEST(DecideStep, WaitsForAUsableClusterAndItsTurn) {
  TestWorld test;
  test.add_cluster(ClusterState::starting, 1, LeaseState::ready);
  test.add_step(kStep, StepState::waiting_for_cluster);
  EXPECT_TRUE(decide(test).changes.empty());
  test.apply({Move<Cluster>{test.cluster().cluster, ClusterState::running, Reason::none, "", ""}});
  test.pass(Millis{1});
  test.add_step("s-later", StepState::waiting_for_cluster);
  EXPECT_TRUE(decide(test, "s-later").changes.empty()) << "the earlier one goes first";
  expect_move(decide(test), StepState::starting, Reason::progress);
}

TEST(DecideStep, SubmitsOnceAndRunsWithTheAnswer) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::starting);
  const auto first = decide(test);
  ASSERT_TRUE(starts(first, Effect::submit_step));
  test.apply(first.changes);
  EXPECT_TRUE(decide(test).changes.empty()) << "in flight";
  test.settle(Effect::submit_step, kStep, IntentState::done);
  expect_move(decide(test), StepState::running, Reason::progress);
}

TEST(DecideStep, ASubmissionOfUnknownOutcomeIsLookedUpBeforeAnythingElse) {
  for (const auto found : {RunState::not_found, RunState::accepted}) {
    TestWorld test;
    running_cluster(test);
    test.add_step(kStep, StepState::starting);
    test.see(StepId{kStep}, RunState::not_found);  // older than the call: proves nothing
    test.pass(Millis{10});
    submit(test, IntentState::unknown);
    test.pass(test.settings.poll_interval);
    const auto asks = decide(test);
    EXPECT_TRUE(starts(asks, Effect::poll_step));
    EXPECT_FALSE(starts(asks, Effect::submit_step));
    test.see(StepId{kStep}, found);
    const auto settled = find_change<Settle>(decide(test));
    ASSERT_NE(settled, nullptr);
    EXPECT_EQ(settled->intent.state,
              found == RunState::not_found ? IntentState::failed : IntentState::done);
  }
}

TEST(DecideStep, ASubmissionThatWasPendingWhenTheManagerDiedIsUnknown) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::starting);
  test.apply(decide(test).changes);
  test.facts.in_flight.clear();
  EXPECT_TRUE(starts(decide(test), Effect::poll_step));
  EXPECT_FALSE(starts(decide(test), Effect::submit_step));
}

TEST(DecideStep, ARefusedProgramFailsWithTheWordsOfTheOtherSide) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::starting);
  submit(test, IntentState::failed, ErrorKind::invalid_argument);
  const auto decision = decide(test);
  expect_move(decision, StepState::failed, Reason::invalid_program);
  EXPECT_EQ(find_change<Move<Step>>(decision)->message, "the words of the other side");
}

TEST(DecideStep, ARefusalIsTheProgramsFaultOrTheClusters) {
  struct Case {
    ErrorKind kind;
    Reason reason;
  };
  for (const auto& item : {Case{ErrorKind::invalid_argument, Reason::invalid_program},
                           Case{ErrorKind::failed_precondition, Reason::invalid_program},
                           Case{ErrorKind::permission_denied, Reason::daemon_failed},
                           Case{ErrorKind::resource_exhausted, Reason::out_of_disk},
                           Case{ErrorKind::internal, Reason::internal_error}}) {
    TestWorld test;
    running_cluster(test);
    test.add_step(kStep, StepState::starting);
    submit(test, IntentState::failed, item.kind);
    expect_move(decide(test), StepState::failed, item.reason);
  }
}

TEST(DecideStep, AnEngineThatIsAwayForAMinuteCostsNoProgram) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::starting);
  const Time begin = test.now;
  while (test.now < begin + Millis{60'000}) {
    const auto decision = decide(test);
    ASSERT_EQ(find_change<Move<Step>>(decision), nullptr);
    if (decision.changes.empty()) {
      test.now = *decision.look_again;
      continue;
    }
    test.apply(decision.changes);
    test.settle(Effect::submit_step, kStep, IntentState::failed, ErrorKind::unavailable);
  }
  test.apply(decide(test).changes);
  test.settle(Effect::submit_step, kStep, IntentState::done);
  expect_move(decide(test), StepState::running, Reason::progress);
}

TEST(DecideStep, EndsAsTheEngineSays) {
  struct Case {
    RunState seen;
    StepState to;
    Reason reason;
  };
  const std::vector<Case> cases = {
      {RunState::succeeded, StepState::succeeded, Reason::progress},
      {RunState::failed, StepState::failed, Reason::program_failed},
      {RunState::cancelled, StepState::failed, Reason::program_failed},
      {RunState::not_found, StepState::failed, Reason::outcome_unknown},
  };
  for (const auto& item : cases) {
    TestWorld test;
    running_cluster(test);
    test.add_step(kStep, StepState::running);
    test.see(StepId{kStep}, item.seen);
    expect_move(decide(test), item.to, item.reason);
  }
}

TEST(DecideStep, AnAnswerOfBeforeItRanProvesNothing) {
  TestWorld test;
  running_cluster(test);
  test.see(StepId{kStep}, RunState::not_found);
  test.pass(Millis{10});
  test.add_step(kStep, StepState::running);
  EXPECT_EQ(find_change<Move<Step>>(decide(test)), nullptr);
}

TEST(DecideStep, ASilentEngineMakesItUnreachableAndThenFailed) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::running);
  test.see(StepId{kStep}, RunState::running, "connection refused");
  test.pass(test.settings.unreachable_after);
  expect_move(decide(test), StepState::unreachable, Reason::progress);
  test.apply(decide(test).changes);
  test.pass(test.settings.unreachable_deadline);
  expect_move(decide(test), StepState::failed, Reason::outcome_unknown);
  test.see(StepId{kStep}, RunState::running);
  expect_move(decide(test), StepState::running, Reason::progress);
}

TEST(DecideStep, AProcessEndsByItsAgentsReport) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::running);
  test.edit_step(kStep, [&](Step& step) {
    step.handle = kProcessHandle;
    step.driver_node = test.member(0).node.id;
  });
  EXPECT_TRUE(decide(test).changes.empty());
  test.edit_step(kStep, [](Step& step) { step.exit_code = 1; });
  expect_move(decide(test), StepState::failed, Reason::program_failed);
  test.edit_step(kStep, [](Step& step) { step.exit_code = 0; });
  expect_move(decide(test), StepState::succeeded, Reason::progress);
}

TEST(DecideStep, AnOrderToRunIsRepeatedUntilTheAgentReportsTheProcess) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::running);
  test.edit_step(kStep, [](Step& step) { step.handle = kProcessHandle; });
  submit(test, IntentState::done);
  const auto early = decide(test);
  EXPECT_TRUE(early.changes.empty());
  ASSERT_TRUE(early.look_again);
  test.now = *early.look_again;
  EXPECT_TRUE(starts(decide(test), Effect::submit_step));
  test.edit_step(kStep, [&](Step& step) { step.driver_node = test.member(0).node.id; });
  EXPECT_TRUE(decide(test).changes.empty());
}

TEST(DecideStep, AnOrderToStopIsRepeatedUntilTheProcessIsGone) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::cancelling);
  test.edit_step(kStep, [&](Step& step) {
    step.handle = kProcessHandle;
    step.deadline = test.now + test.settings.cancel_deadline;
  });
  submit(test, IntentState::done);
  test.apply({Start{Effect::cancel_step, kStep, 1}});
  test.settle(Effect::cancel_step, kStep, IntentState::done);
  EXPECT_FALSE(starts(decide(test), Effect::cancel_step));
  test.pass(test.settings.order_again);
  EXPECT_TRUE(starts(decide(test), Effect::cancel_step));
  test.edit_step(kStep, [](Step& step) { step.exit_code = 143; });
  expect_move(decide(test), StepState::cancelled, Reason::user_request);
}

TEST(DecideStep, IsCancelledAtOnceWhenItWasNeverSent) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::waiting_for_cluster);
  test.edit_step(kStep, [](Step& step) { step.cancel_wanted = true; });
  test.apply(decide(test).changes);
  ASSERT_EQ(test.step(kStep).status.state, StepState::cancelling);
  expect_move(decide(test), StepState::cancelled, Reason::user_request);
}

TEST(DecideStep, IsCancelledWhenTheEngineSaysThatNothingRunsAnyMore) {
  TestWorld test;
  running_step_that_is_cancelled(test);
  const auto cancel = decide(test);
  ASSERT_TRUE(starts(cancel, Effect::cancel_step));
  test.apply(cancel.changes);
  test.settle(Effect::cancel_step, kStep, IntentState::done);
  test.pass(Millis{10});
  test.see(StepId{kStep}, RunState::running);
  EXPECT_EQ(find_change<Move<Step>>(decide(test)), nullptr) << "it runs on";
  test.see(StepId{kStep}, RunState::cancelled);
  expect_move(decide(test), StepState::cancelled, Reason::user_request);
}

TEST(DecideStep, ACancelledStepThatNobodySawEndIsKilledWhenSomebodyListensAgain) {
  TestWorld test;
  running_step_that_is_cancelled(test);
  test.apply(decide(test).changes);
  test.pass(test.settings.cancel_deadline);
  test.settle(Effect::cancel_step, kStep, IntentState::failed, ErrorKind::unavailable);
  const auto late = decide(test);
  expect_move(late, StepState::cancelled, Reason::outcome_unknown);
  EXPECT_NE(find_change<Move<Step>>(late)->message.find("the words of the other side"),
            std::string::npos);
  test.apply(late.changes);
  test.pass(test.settings.backoff_max);
  const auto kill = decide(test);
  ASSERT_TRUE(starts(kill, Effect::cancel_step));
  test.apply(kill.changes);
  test.settle(Effect::cancel_step, kStep, IntentState::done);
  test.pass(test.settings.backoff_max);
  EXPECT_TRUE(decide(test).changes.empty()) << "the engine has taken it";
}

TEST(DecideStep, LongerThanItsTimeOutItIsStoppedAndHasFailed) {
  TestWorld test;
  running_cluster(test);
  test.add_step(kStep, StepState::running);
  submit(test, IntentState::done);
  test.edit_step(kStep, [&](Step& step) {
    step.spec.timeout_ms = Millis{1'000};
    step.deadline = test.now + Millis{1'000};
  });
  test.pass(Millis{1'000});
  const auto decision = decide(test);
  expect_move(decision, StepState::cancelling, Reason::timed_out);
  test.apply(decision.changes);
  test.pass(Millis{10});
  test.see(StepId{kStep}, RunState::cancelled);
  expect_move(decide(test), StepState::failed, Reason::timed_out);
}

TEST(DecideStep, EndsWithItsCluster) {
  for (const auto state : {StepState::waiting_for_cluster, StepState::starting, StepState::running,
                           StepState::unreachable}) {
    TestWorld test;
    running_cluster(test);
    test.add_step(kStep, state);
    test.edit_cluster([](Cluster& cluster) {
      cluster.wish = ClusterWish::terminated;
      cluster.wish_reason = Reason::daemon_failed;
    });
    expect_move(decide(test), StepState::failed, Reason::daemon_failed);
  }
}

}  // namespace
}  // namespace bdaas
