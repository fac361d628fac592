#include "control/link_sync.h"

#include "control/test_world.h"

namespace bdaas {
namespace {

class DeafLinks final : public NodeLinks {
 public:
  void open(const NodeId&, const Machine&) override {}
  void close(const NodeId&) override {}
  bool send(const NodeId&, const Order&) override { return true; }
  std::vector<LinkEvent> drain() override { return {}; }
  void on_event(std::function<void()>) override {}
};

class CountingSpool final : public OutputSpool {
 public:
  Result<SpoolState> append(const StepId&, OutputStream, std::int64_t, std::string_view,
                            bool) override {
    return SpoolState{};
  }
  SpoolState state(const StepId& step, OutputStream) const override {
    ++asked;
    return {bytes, ended || closed.contains(step)};
  }
  void close(const StepId& step) override { closed.insert(step); }
  std::string tail(const StepId&, OutputStream, int) const override { return {}; }

  std::int64_t bytes = 0;  // of each stream
  bool ended = false;
  std::set<StepId> closed;
  mutable int asked = 0;
};

const StepId kStep{"s-test"};

class LinkSyncTest : public testing::Test {
 protected:
  LinkSyncTest() {
    seams_.links = &links_;
    seams_.spool = &spool_;
    sync_.emplace(seams_, Millis{5'000});
    test_.add_cluster(ClusterState::running, 1, LeaseState::ready);
  }

  void add_step(StepState state) {
    test_.add_step(kStep.text, state);
    test_.edit_step(kStep.text, [&](Step& step) { step.driver_node = test_.member(1).node.id; });
  }
  void sync() { test_.apply(sync_->sync(test_.rows, test_.facts, test_.now)); }

  TestWorld test_;
  DeafLinks links_;
  CountingSpool spool_;
  Seams seams_;
  std::optional<LinkSync> sync_;
};

TEST_F(LinkSyncTest, NotesWhenTheOutputMovedLast) {
  add_step(StepState::running);
  sync();
  const Time first = test_.now;
  test_.pass(Millis{10});
  sync();
  EXPECT_EQ(test_.facts.outputs.at(kStep).moved_at, first);
  spool_.bytes = 7;
  sync();
  EXPECT_EQ(test_.facts.outputs.at(kStep).bytes, 3 * 7);
  EXPECT_EQ(test_.facts.outputs.at(kStep).moved_at, test_.now);
  test_.pass(Millis{10});
  test_.edit_step(kStep.text, [](Step& step) { step.exit_code = 0; });
  sync();
  EXPECT_EQ(test_.facts.outputs.at(kStep).moved_at, test_.now) << "the exit report counts too";
}

TEST_F(LinkSyncTest, AsksTheSpoolNoMoreForWhatHasEnded) {
  add_step(StepState::succeeded);
  spool_.ended = true;
  sync();
  const int asked = spool_.asked;
  for (int i = 0; i < 10; ++i) sync();
  EXPECT_EQ(spool_.asked, asked);
  EXPECT_TRUE(test_.facts.outputs.at(kStep).ended);
}

TEST_F(LinkSyncTest, ClosesWhatIsOpenWhenItsClusterHasEnded) {
  add_step(StepState::succeeded);
  sync();
  ASSERT_TRUE(spool_.closed.empty());
  auto cluster = test_.cluster().cluster;
  test_.apply({Move<Cluster>{cluster, ClusterState::terminating, Reason::idle, "test", ""}});
  cluster = test_.cluster().cluster;
  test_.apply({Move<Cluster>{cluster, ClusterState::terminated, Reason::idle, "test", ""}});
  sync();
  EXPECT_TRUE(spool_.closed.contains(kStep));
  EXPECT_TRUE(test_.facts.outputs.empty());
}

TEST_F(LinkSyncTest, ClosesWhatAGivenUpDriverNodeCannotSend) {
  add_step(StepState::running);
  test_.apply(
      {Move<Lease>{test_.member(1).lease, LeaseState::releasing, Reason::node_lost, "test", ""}});
  sync();
  EXPECT_TRUE(spool_.closed.empty()) << "the engine may run it again elsewhere";
  test_.apply(
      {Move<Step>{test_.step(kStep.text), StepState::failed, Reason::node_lost, "test", ""}});
  sync();
  EXPECT_TRUE(spool_.closed.contains(kStep));
  EXPECT_TRUE(test_.facts.outputs.at(kStep).ended);
}

}  // namespace
}  // namespace bdaas
