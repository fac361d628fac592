#include "cli/run/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas::cli {
namespace {

const Time kStart{Millis{1'700'000'000'000}};
Time at(int seconds) { return kStart + std::chrono::seconds(seconds); }

class RunModelTest : public testing::Test {
 protected:
  RunModelTest() { model.has_data = true; }

  std::vector<RunChange> feed(const RunInput& input, int second) {
    return reduce(model, input, at(second));
  }
  void job(JobState state, int second, const std::function<void(Job&)>& more = {}) {
    Job seen;
    seen.id = JobId{"j-1"};
    seen.status.state = state;
    seen.status.since = at(second);
    if (more) more(seen);
    feed(JobSeen{seen}, second);
  }
  void event(const std::string& kind, const std::string& subject, const std::string& to,
             int second) {
    EventView view;
    view.kind = kind;
    view.subject = subject;
    view.from = "x";
    view.to = to;
    view.at = at(second);
    feed(EventSeen{view}, second + 100);  // heard late: the manager's time counts
  }
  PhaseState state(Phase phase) const { return model.phase(phase).state; }
  std::int64_t took_s(Phase phase) const {
    return model.phase(phase).took(at(1000)).count() / 1000;
  }

  RunModel model;
};

TEST_F(RunModelTest, AJobThatSucceeds) {
  feed(PhaseBegan{Phase::upload, ""}, 0);
  feed(PhaseEnded{Phase::upload, true}, 1);
  job(JobState::submitted, 1);
  EXPECT_EQ(model.job.text, "j-1");
  event("jobs", "j-1", "Preparing", 2);
  EXPECT_EQ(state(Phase::cluster), PhaseState::running);
  event("clusters", "c-1", "Provisioning", 2);
  EXPECT_EQ(model.phase(Phase::cluster).detail, "renting machines");
  event("clusters", "c-1", "Bootstrapping", 3);
  event("clusters", "c-1", "Starting", 4);
  EXPECT_EQ(model.phase(Phase::cluster).detail, "starting daemons");
  event("clusters", "c-1", "Running", 12);
  EXPECT_EQ(state(Phase::data), PhaseState::running);
  event("jobs", "j-1", "Running", 13);
  EXPECT_EQ(state(Phase::data), PhaseState::done);
  event("steps", "s-1", "Succeeded", 20);
  event("jobs", "j-1", "Collecting", 21);
  event("jobs", "j-1", "Finishing", 23);
  EXPECT_EQ(state(Phase::result), PhaseState::running);  // not fetched yet
  job(JobState::finishing, 23, [](Job& j) { j.result = ResultId{"r-1"}; });
  EXPECT_EQ(state(Phase::result), PhaseState::running);
  feed(ArchiveSaved{{"x.tar.gz", "", 10, 1, true}}, 24);
  EXPECT_FALSE(model.end.has_value());
  job(JobState::succeeded, 26, [](Job& j) { j.result = ResultId{"r-1"}; });
  ASSERT_TRUE(model.end.has_value());
  EXPECT_EQ(model.end->state, JobState::succeeded);

  EXPECT_EQ(took_s(Phase::upload), 1);
  EXPECT_EQ(took_s(Phase::cluster), 10);
  EXPECT_EQ(took_s(Phase::data), 1);
  EXPECT_EQ(took_s(Phase::program), 7);
  EXPECT_EQ(took_s(Phase::result), 3);
  EXPECT_EQ(took_s(Phase::clean_up), 3);
  for (const auto& phase : model.phases) {
    EXPECT_TRUE(phase.state == PhaseState::done || phase.state == PhaseState::pending)
        << to_text(phase.phase);
  }
}

TEST_F(RunModelTest, StatesThatWerePassedUnseenAreMadeUpFor) {
  job(JobState::preparing, 1);
  job(JobState::collecting, 9);
  EXPECT_EQ(state(Phase::cluster), PhaseState::done);
  EXPECT_EQ(state(Phase::result), PhaseState::running);
}

TEST_F(RunModelTest, AClusterThatFailsIsMarked) {
  job(JobState::preparing, 1);
  event("jobs", "j-1", "Finishing", 5);
  EXPECT_EQ(state(Phase::cluster), PhaseState::failed);
  job(JobState::failed, 8, [](Job& j) {
    j.outcome = JobState::failed;
    j.outcome_reason = Reason::not_ready_in_time;
    j.outcome_message = "no DataNode";
  });
  EXPECT_EQ(state(Phase::clean_up), PhaseState::done);
  EXPECT_EQ(state(Phase::program), PhaseState::pending);
  EXPECT_EQ(model.end->reason, Reason::not_ready_in_time);
  EXPECT_EQ(model.end->message, "no DataNode");
}

TEST_F(RunModelTest, AProgramThatFailsIsMarkedThoughItsLogsAreCollected) {
  job(JobState::running, 1);
  event("steps", "s-1", "Failed", 5);
  event("jobs", "j-1", "Collecting", 5);
  EXPECT_EQ(state(Phase::program), PhaseState::failed);
  EXPECT_EQ(state(Phase::result), PhaseState::running);
}

TEST_F(RunModelTest, ABorrowedClusterHasNoClusterPhase) {
  model.borrows = true;
  job(JobState::preparing, 1);
  EXPECT_EQ(state(Phase::cluster), PhaseState::pending);
  EXPECT_EQ(state(Phase::data), PhaseState::running);
  feed(ClusterSeen{}, 2);
  EXPECT_EQ(state(Phase::cluster), PhaseState::pending);
}

TEST_F(RunModelTest, AClusterThatIsKeptHasNoEventsOfTheJobAndIsLookedAt) {
  Cluster cluster;
  cluster.status.state = ClusterState::starting;
  cluster.status.since = at(2);
  job(JobState::preparing, 1);
  feed(ClusterSeen{cluster}, 2);
  EXPECT_EQ(model.phase(Phase::cluster).detail, "starting daemons");
  cluster.status.state = ClusterState::running;
  cluster.status.since = at(9);
  feed(ClusterSeen{cluster}, 10);
  EXPECT_EQ(took_s(Phase::cluster), 8);
  EXPECT_EQ(state(Phase::data), PhaseState::running);
}

TEST_F(RunModelTest, EventsOfTheSameThingAreTakenOnce) {
  job(JobState::running, 1);
  EXPECT_TRUE(feed(JobSeen{[] {
                     Job job;
                     job.id = JobId{"j-1"};
                     job.status.state = JobState::running;
                     return job;
                   }()},
                   2)
                  .empty());
  EXPECT_EQ(feed(TroubleSeen{"away"}, 3).size(), 1u);
  EXPECT_EQ(feed(TroubleSeen{"away"}, 4).size(), 0u);
  EXPECT_EQ(feed(TroubleSeen{""}, 5).size(), 1u);
  EXPECT_EQ(feed(CancelAsked{}, 6).size(), 1u);
  EXPECT_EQ(feed(CancelAsked{}, 7).size(), 0u);
}

TEST_F(RunModelTest, OnlyNodesAndStagesThatChangedAreToldAbout) {
  const NodeView master{"master", "ready", true, false};
  NodeView worker{"worker-1", "0 of 2 daemons ready", false, false};
  EXPECT_EQ(feed(NodesSeen{{master, worker}}, 1).size(), 2u);
  worker.state = "1 of 2 daemons ready";
  const auto changes = feed(NodesSeen{{master, worker}}, 2);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(std::get<NodeChanged>(changes[0]).node, worker);

  Stage stage{3, "count", "ACTIVE", 10, 1, 0};
  EXPECT_EQ(feed(StagesSeen{{stage}}, 3).size(), 1u);
  EXPECT_EQ(feed(StagesSeen{{stage}}, 4).size(), 0u);
  stage.done = 2;
  EXPECT_EQ(feed(StagesSeen{{stage}}, 5).size(), 1u);
}

TEST_F(RunModelTest, ANodeInWords) {
  Node node;
  node.role = NodeRole::worker;
  node.index = 2;
  EXPECT_EQ(view_of(node), (NodeView{"worker-2", "waiting for its agent", false, false}));
  node.connected = true;
  node.daemons = {{"datanode", DaemonState::ready}, {"nodemanager", DaemonState::starting}};
  EXPECT_EQ(view_of(node), (NodeView{"worker-2", "1 of 2 daemons ready", false, false}));
  node.daemons[1].state = DaemonState::failed;
  EXPECT_EQ(view_of(node), (NodeView{"worker-2", "failed", false, true}));
  node.daemons[1].state = DaemonState::ready;
  node.ready = true;
  node.role = NodeRole::master;
  EXPECT_EQ(view_of(node), (NodeView{"master", "ready", true, false}));
}

TEST_F(RunModelTest, NotesAreToldAndEmptyOnesAreNot) {
  EventView note;
  note.message = "block replicated";
  EXPECT_EQ(feed(EventSeen{note}, 1).size(), 1u);
  note.message.clear();
  EXPECT_EQ(feed(EventSeen{note}, 1).size(), 0u);
}

}  // namespace
}  // namespace bdaas::cli
