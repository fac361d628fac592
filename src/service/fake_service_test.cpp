#include "service/fake_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fake/fake_engine.h"

namespace bdaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OneFault final : public FakeFaultPlan {
 public:
  FakeFault fault(FakeCall call, const ClusterId&, const std::string&) override {
    return call == on ? std::exchange(next, FakeFault::none) : FakeFault::none;
  }
  FakeCall on = FakeCall::submit;
  FakeFault next = FakeFault::none;
};

class FakeServiceTest : public ::testing::Test {
 protected:
  FakeServiceTest() {
    cluster_.id = ClusterId{"c-1"};
    cluster_.nodes.resize(2);
    program_.step = StepId{"s-1"};
    program_.file_name = "x.py";
    program_.env = {{"BDAAS_OUTPUT", "/out"}};
  }
  RunState state() { return service_.find(cluster_, program_.step)->state; }
  Result<RunObservation> submit() { return service_.submit(cluster_, {}, program_); }

  FakeClock clock_;
  OneFault faults_;
  FakeService service_{clock_, {.program_time = Millis{400}, .reads_sources = false}, &faults_};
  ClusterFacts cluster_;
  ProgramFacts program_;
};

TEST_F(FakeServiceTest, AProgramRunsByTheClock) {
  EXPECT_EQ(state(), RunState::not_found);
  ASSERT_TRUE(submit().ok());
  EXPECT_EQ(state(), RunState::accepted);
  clock_.advance(Millis{100});
  EXPECT_EQ(state(), RunState::running);
  EXPECT_THAT(service_.living_runs(), ElementsAre(program_.step));
  EXPECT_EQ(service_.list_files(cluster_, "/out").error().kind, ErrorKind::not_found);
  clock_.advance(Millis{300});
  EXPECT_EQ(state(), RunState::succeeded);
  EXPECT_EQ(service_.list_files(cluster_, "/out")->front().name, "part-00000");
  EXPECT_THAT(service_.living_runs(), IsEmpty());
  EXPECT_THAT(service_.violations(), IsEmpty());
}

TEST_F(FakeServiceTest, OutcomesAreChosenBySettings) {
  program_.settings = {{std::string(kFakeOutcome), "fail"}, {std::string(kFakeTime), "50"}};
  ASSERT_TRUE(submit().ok());
  clock_.advance(Millis{50});
  EXPECT_EQ(state(), RunState::failed);

  program_.step = StepId{"s-2"};
  program_.settings[std::string(kFakeOutcome)] = "run_for_ever";
  ASSERT_TRUE(submit().ok());
  clock_.advance(std::chrono::hours(1000));
  EXPECT_EQ(state(), RunState::running);
  ASSERT_TRUE(service_.cancel(cluster_, program_.step, "").ok());
  EXPECT_EQ(state(), RunState::cancelled);
}

TEST_F(FakeServiceTest, NotesWhatACorrectManagerNeverDoes) {
  ASSERT_TRUE(submit().ok());
  ASSERT_TRUE(submit().ok());
  EXPECT_THAT(service_.violations(), ElementsAre("s-1 was submitted twice"));
  EXPECT_EQ(service_.times_submitted(program_.step), 2);
  program_.step = StepId{"s-2"};
  ASSERT_TRUE(service_.cancel(cluster_, program_.step, "").ok());
  program_.env["BDAAS_INPUT_1"] = "/in/1";
  ASSERT_TRUE(submit().ok());
  EXPECT_THAT(service_.violations(),
              ElementsAre("s-1 was submitted twice", "s-2 was submitted after it was cancelled",
                          "s-2 was submitted to c-1 before its BDAAS_INPUT_1 was there"));
}

TEST_F(FakeServiceTest, LoadedDataIsThere) {
  LoadProgress progress;
  ASSERT_TRUE(service_.load(cluster_, {.name = "iliad.txt"}, "/in/1", progress).ok());
  program_.env["BDAAS_INPUT_1"] = "/in/1";
  ASSERT_TRUE(submit().ok());
  EXPECT_THAT(service_.violations(), IsEmpty());
  ASSERT_TRUE(service_.remove(cluster_, "/in").ok());
  EXPECT_FALSE(service_.list_files(cluster_, "/in/1").ok());
}

TEST_F(FakeServiceTest, ALostAnswerOfSubmitIsUnknown) {
  faults_.next = FakeFault::unknown_done;
  EXPECT_EQ(submit().error().kind, ErrorKind::unknown_outcome);
  EXPECT_EQ(state(), RunState::accepted);
  program_.step = StepId{"s-2"};
  faults_.next = FakeFault::unknown_not_done;
  EXPECT_EQ(submit().error().kind, ErrorKind::unknown_outcome);
  EXPECT_EQ(state(), RunState::not_found);
  faults_.next = FakeFault::unavailable;
  EXPECT_EQ(submit().error().kind, ErrorKind::unavailable);
  ASSERT_TRUE(submit().ok());
  EXPECT_THAT(service_.violations(), IsEmpty());  // only what was done counts
}

TEST_F(FakeServiceTest, AnEndedClusterIsSilent) {
  ASSERT_TRUE(submit().ok());
  service_.end_cluster(cluster_.id);
  EXPECT_EQ(service_.find(cluster_, program_.step).error().kind, ErrorKind::unavailable);
  EXPECT_THAT(service_.living_runs(), IsEmpty());
}

TEST_F(FakeServiceTest, AWorkerIsLetGoByTheClockAndOnlyWhenToldThatItIsEmpty) {
  const NodeId worker{"n-1"};
  cluster_.nodes[1].id = worker;
  EXPECT_THAT(*service_.decommission(cluster_), IsEmpty());
  cluster_.leaving = {{worker, "w", 1}};
  EXPECT_FALSE(service_.decommission(cluster_)->at(worker).emptied);
  clock_.advance(Millis{5'000});
  auto drain = service_.decommission(cluster_)->at(worker);
  EXPECT_TRUE(drain.emptied);
  EXPECT_FALSE(drain.done);
  EXPECT_FALSE(service_.has_let_go(worker));
  cluster_.leaving.front().emptied = true;
  EXPECT_TRUE(service_.decommission(cluster_)->at(worker).done);
  EXPECT_TRUE(service_.has_let_go(worker));
  cluster_.leaving.clear();
  EXPECT_THAT(*service_.decommission(cluster_), IsEmpty());
  EXPECT_FALSE(service_.has_let_go(worker));
}

TEST(FakeEngine, RefusesUnknownSettingsAndTooLittleMemory) {
  const FakeEngine engine;
  EXPECT_TRUE(engine.check_settings({{"fake.outcome", "fail"}}).ok());
  EXPECT_THAT(engine.check_settings({{"fake.outcom", "fail"}}).error().message,
              HasSubstr("did you mean 'fake.outcome'"));
  ClusterSpec spec;
  spec.workers = 1000;
  EXPECT_TRUE(engine.fit(spec, {.memory_mib = 32 * 1024, .cores = 1}).ok());
  EXPECT_EQ(engine.fit(spec, {.memory_mib = 1024, .cores = 1}).error().kind,
            ErrorKind::resource_exhausted);
}

TEST(FakeEngine, AsksTheAgentForARunWhenToldTo) {
  const FakeEngine engine;
  ClusterFacts cluster;
  ProgramFacts program;
  EXPECT_FALSE(engine.plan_run(cluster, {}, program)->has_value());
  cluster.spec.settings["fake.run_on_agent"] = "true";
  EXPECT_TRUE(engine.plan_run(cluster, {}, program)->has_value());
}

}  // namespace
}  // namespace bdaas
