#include "control/test_world.h"

namespace bdaas {
namespace {

using S = JobState;
const std::string kJob = "j-test";
const std::string kStep = "s-test";

Decision decide(const TestWorld& test) { return decide_job(test.world(), test.job()); }

// The cluster's id is the one that follows from the job's: c-test.
void own_cluster(TestWorld& test, ClusterState state) {
  test.add_cluster(state, 1, LeaseState::ready);
  test.edit_cluster([](Cluster& cluster) { cluster.job = JobId{kJob}; });
}

std::shared_ptr<const Move<Job>> moved(const Decision& decision) {
  return find_change<Move<Job>>(decision);
}

void expect_finishing(const Decision& decision, S outcome, Reason reason) {
  const auto move = moved(decision);
  ASSERT_NE(move, nullptr);
  EXPECT_EQ(move->to, S::finishing);
  EXPECT_EQ(move->row.outcome, outcome) << to_text(move->row.outcome);
  EXPECT_EQ(move->row.outcome_reason, reason) << to_text(move->row.outcome_reason);
}

TEST(DecideJob, MakesItsOwnClusterUnlessOneIsBorrowed) {
  TestWorld own;
  own.add_job(S::submitted);
  own.edit_job([](Job& job) { job.cluster.reset(); });
  const auto made = find_change<Insert<Cluster>>(decide(own));
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->row.job, JobId{kJob});

  TestWorld borrowed;
  borrowed.add_cluster(ClusterState::running, 1, LeaseState::ready);
  borrowed.add_job(S::submitted, {.cluster = ClusterId{"c-test"}});
  EXPECT_EQ(find_change<Insert<Cluster>>(decide(borrowed)), nullptr);
  ASSERT_NE(moved(decide(borrowed)), nullptr);
  EXPECT_EQ(moved(decide(borrowed))->to, S::preparing);
}

TEST(DecideJob, AKeptClusterIsTheUsersAndNotTheJobs) {
  TestWorld test;
  test.add_job(S::submitted, {.keep = true});
  EXPECT_FALSE(find_change<Insert<Cluster>>(decide(test))->row.job);
}

TEST(DecideJob, LoadsItsDataOnceTheClusterIsUsable) {
  TestWorld test;
  own_cluster(test, ClusterState::starting);
  test.add_job(S::preparing, {.data = {DataSetId{"d-1"}}});
  EXPECT_TRUE(decide(test).changes.empty());
  test.apply({Move<Cluster>{test.cluster().cluster, ClusterState::running, Reason::none, "", ""}});
  const auto load = decide(test);
  ASSERT_TRUE(starts(load, Effect::load_data));
  test.apply(load.changes);
  EXPECT_TRUE(decide(test).changes.empty());
  test.settle(Effect::load_data, kJob, IntentState::done);
  const auto begun = decide(test);
  const auto step = find_change<Insert<Step>>(begun);
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->row.inputs, std::vector<std::string>{"/bdaas/jobs/j-test/input/1"});
  EXPECT_EQ(moved(begun)->to, S::running);
}

TEST(DecideJob, DataThatCannotBeMovedFailIt) {
  TestWorld test;
  own_cluster(test, ClusterState::running);
  test.add_job(S::preparing, {.data = {DataSetId{"d-1"}}});
  test.apply({Start{Effect::load_data, kJob, 1}});
  test.settle(Effect::load_data, kJob, IntentState::failed, ErrorKind::resource_exhausted);
  expect_finishing(decide(test), S::failed, Reason::data_failed);
}

TEST(DecideJob, IsCancelledBeforeItsStepBegan) {
  for (const auto state : {S::submitted, S::preparing}) {
    TestWorld test;
    own_cluster(test, ClusterState::starting);
    test.add_job(state);
    test.edit_job([](Job& job) { job.cancel_wanted = true; });
    expect_finishing(decide(test), S::cancelled, Reason::user_request);
  }
}

TEST(DecideJob, ACancelledJobCancelsItsStepAndWaits) {
  TestWorld test;
  own_cluster(test, ClusterState::running);
  test.add_job(S::running);
  test.add_step(kStep, StepState::running);
  test.edit_job([](Job& job) { job.cancel_wanted = true; });
  const auto decision = decide(test);
  ASSERT_NE(find_change<Update<Step>>(decision), nullptr);
  EXPECT_TRUE(find_change<Update<Step>>(decision)->row.cancel_wanted);
  test.apply(decision.changes);
  EXPECT_TRUE(decide(test).changes.empty());
}

TEST(DecideJob, TakesTheReasonOfAClusterThatEnded) {
  TestWorld test;
  own_cluster(test, ClusterState::starting);
  test.add_job(S::preparing);
  test.edit_cluster([](Cluster& cluster) {
    cluster.wish = ClusterWish::terminated;
    cluster.wish_reason = Reason::provider_refused;
    cluster.wish_message = "quota of 8 machines";
  });
  const auto decision = decide(test);
  expect_finishing(decision, S::failed, Reason::provider_refused);
  EXPECT_NE(moved(decision)->message.find("quota of 8 machines"), std::string::npos);
}

TEST(DecideJob, CollectsWhateverTheStepsEndWas) {
  struct Case {
    StepState step;
    S outcome;
  };
  for (const auto& item :
       {Case{StepState::succeeded, S::succeeded}, Case{StepState::failed, S::failed},
        Case{StepState::cancelled, S::cancelled}}) {
    TestWorld test;
    own_cluster(test, ClusterState::running);
    test.add_job(S::running);
    test.add_step(kStep, item.step);
    test.apply(decide(test).changes);
    ASSERT_EQ(test.job().status.state, S::collecting);
    const auto collect = decide(test);
    ASSERT_TRUE(starts(collect, Effect::collect));
    test.apply(collect.changes);
    EXPECT_TRUE(decide(test).changes.empty());
    test.settle(Effect::collect, kJob, IntentState::done);
    ASSERT_NE(moved(decide(test)), nullptr);
    EXPECT_EQ(moved(decide(test))->row.outcome, item.outcome);
  }
}

TEST(DecideJob, AResultThatCannotBeFetchedFailsASuccess) {
  TestWorld test;
  own_cluster(test, ClusterState::running);
  test.add_job(S::collecting);
  test.add_step(kStep, StepState::succeeded);
  test.apply({Start{Effect::collect, kJob, 1}});
  test.settle(Effect::collect, kJob, IntentState::failed, ErrorKind::resource_exhausted);
  expect_finishing(decide(test), S::failed, Reason::data_failed);
}

// As while a NameNode is started again: connections are refused at once.
TEST(DecideJob, AnEngineThatIsAwayForMinutesCostsNoResult) {
  struct Case {
    S state;
    Effect effect;
  };
  for (const auto& item :
       {Case{S::preparing, Effect::load_data}, Case{S::collecting, Effect::collect}}) {
    TestWorld test;
    own_cluster(test, ClusterState::running);
    test.add_job(item.state, {.data = {DataSetId{"d-1"}}});
    if (item.state == S::collecting) test.add_step(kStep, StepState::succeeded);
    const Time begin = test.now;
    Time last_try = begin;
    while (test.now < begin + test.settings.unreachable_deadline) {
      const auto decision = decide(test);
      ASSERT_EQ(moved(decision), nullptr) << "after " << (test.now - begin).count() << " ms";
      if (starts(decision, item.effect)) {
        EXPECT_LE(test.now, last_try + Millis{7'000}) << "tried again every few seconds";
        last_try = test.now;
        test.apply(decision.changes);
        test.settle(item.effect, kJob, IntentState::failed, ErrorKind::unavailable);
      } else {
        test.now = *decision.look_again;
      }
    }
    test.pass(test.settings.backoff_max);
    test.apply(decide(test).changes);
    test.settle(item.effect, kJob, IntentState::failed, ErrorKind::unavailable);
    expect_finishing(decide(test), S::failed, Reason::data_failed);
  }
}

TEST(DecideJob, ACancelledJobWaitsForNoEngineToComeBack) {
  TestWorld test;
  own_cluster(test, ClusterState::running);
  test.add_job(S::collecting);
  test.add_step(kStep, StepState::cancelled);
  test.edit_job([](Job& job) { job.outcome = S::cancelled; });
  for (std::int64_t i = 0; i < test.settings.engine_attempts; ++i) {
    test.pass(test.settings.backoff_max);
    test.apply(decide(test).changes);
    test.settle(Effect::collect, kJob, IntentState::failed, ErrorKind::unavailable);
  }
  expect_finishing(decide(test), S::cancelled, Reason::progress);
}

TEST(DecideJob, KnowsItsProgramsEndWhenTheClusterIsGoneBeforeTheResult) {
  struct Case {
    StepState step;
    S outcome;
    Reason reason;
  };
  for (const auto& item : {Case{StepState::succeeded, S::failed, Reason::node_lost},
                           Case{StepState::failed, S::failed, Reason::progress},
                           Case{StepState::cancelled, S::cancelled, Reason::progress}}) {
    TestWorld test;
    test.add_cluster(ClusterState::terminating, 1, LeaseState::released);
    test.add_job(S::running);
    test.add_step(kStep, item.step);
    test.apply(decide(test).changes);
    test.apply(
        {Move<Cluster>{test.cluster().cluster, ClusterState::terminated, Reason::none, "", ""}});
    expect_finishing(decide(test), item.outcome, item.reason);
  }
}

// A program whose driver ran on the master, and of which something may still come.
void collecting(TestWorld& test, StepState end = StepState::succeeded) {
  own_cluster(test, ClusterState::running);
  test.add_job(S::collecting);
  test.add_step(kStep, end);
  test.edit_step(kStep, [&](Step& step) { step.driver_node = test.member(0).node.id; });
  test.edit_job([&](Job& job) { job.deadline = test.now + test.settings.output_deadline_max; });
}

void exits(TestWorld& test) {
  test.edit_step(kStep, [](Step& step) { step.exit_code = 0; });
  test.facts.outputs[StepId{kStep}].exited = true;
  test.facts.outputs[StepId{kStep}].moved_at = test.now;
}

TEST(DecideJob, WaitsForTheRestOfTheOutputAsLongAsItComes) {
  TestWorld test;
  collecting(test);
  test.pass(test.settings.output_deadline * 3);
  EXPECT_TRUE(decide(test).changes.empty()) << "its files are being packed";
  exits(test);
  for (int i = 0; i < 20; ++i) {
    test.pass(test.settings.output_deadline - Millis{1});
    EXPECT_TRUE(decide(test).changes.empty()) << "piece " << i;
    test.facts.outputs[StepId{kStep}].bytes += 1'000'000;
    test.facts.outputs[StepId{kStep}].moved_at = test.now;
  }
  test.pass(test.settings.output_deadline);
  EXPECT_TRUE(starts(decide(test), Effect::collect)) << "nothing more comes";
}

TEST(DecideJob, CollectsAtOnceWhenAllOfTheOutputIsHere) {
  TestWorld test;
  collecting(test);
  exits(test);
  test.facts.outputs[StepId{kStep}].ended = true;
  EXPECT_TRUE(starts(decide(test), Effect::collect));
}

TEST(DecideJob, WaitsForNoOutputForEver) {
  TestWorld silent;
  collecting(silent);
  silent.pass(silent.settings.pack_deadline);
  EXPECT_TRUE(starts(decide(silent), Effect::collect)) << "its agent never said that it ended";

  TestWorld endless;
  collecting(endless);
  exits(endless);
  endless.pass(endless.settings.output_deadline_max);
  endless.facts.outputs[StepId{kStep}].moved_at = endless.now;
  EXPECT_TRUE(starts(decide(endless), Effect::collect));

  TestWorld cancelled;
  collecting(cancelled, StepState::cancelled);
  cancelled.edit_job([](Job& job) { job.outcome = S::cancelled; });
  cancelled.pass(cancelled.settings.output_deadline);
  EXPECT_TRUE(starts(decide(cancelled), Effect::collect));
}

TEST(DecideJob, EndsOnlyWhenItsOwnClusterIsGone) {
  TestWorld test;
  own_cluster(test, ClusterState::running);
  test.add_job(S::finishing);
  const auto decision = decide(test);
  const auto update = find_change<Update<Cluster>>(decision);
  ASSERT_NE(update, nullptr);
  EXPECT_EQ(update->row.wish, ClusterWish::terminated);
  EXPECT_EQ(update->row.wish_reason, Reason::job_done);
  test.apply(decision.changes);
  EXPECT_TRUE(decide(test).changes.empty()) << "until it is gone";
}

TEST(DecideJob, TidiesUpOnABorrowedCluster) {
  for (const auto state : {IntentState::done, IntentState::failed}) {
    TestWorld test;
    test.add_cluster(ClusterState::running, 1, LeaseState::ready);
    test.add_job(S::finishing, {.cluster = ClusterId{"c-test"}});
    const auto tidy = decide(test);
    ASSERT_TRUE(starts(tidy, Effect::clean_up));
    test.apply(tidy.changes);
    test.settle(Effect::clean_up, kJob, state, ErrorKind::permission_denied);
    ASSERT_NE(moved(decide(test)), nullptr) << "its outcome stands all the same";
    EXPECT_EQ(moved(decide(test))->to, S::succeeded);
  }
}

TEST(DecideJob, ATransferThatStillRunsIsAwaitedBeforeTheEnd) {
  TestWorld test;
  own_cluster(test, ClusterState::running);
  test.add_job(S::finishing);
  test.facts.in_flight.insert({Effect::load_data, kJob});
  EXPECT_TRUE(decide(test).changes.empty());
}

}  // namespace
}  // namespace bdaas
