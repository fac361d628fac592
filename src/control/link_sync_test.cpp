#include "control/link_sync.h"

#include "control/test_world.h"

namespace bdaas {
namespace {

class DeafLinks final : public NodeLinks {
 public:
  void open(const NodeId&, const Machine&) override {}
  void close(const NodeId&) override {}
  bool send(const NodeId&, const Order& order) override {
    if (const auto* follow = std::get_if<Follow>(&order)) {
      if (follow->stream == OutputStream::out) ++follows;
    }
    return true;
  }
  std::vector<LinkEvent> drain() override { return {}; }
  void on_event(std::function<void()>) override {}

  int follows = 0;  // of stdout
};

class CountingSink final : public LogSink {
 public:
  void write(LogLevel level, std::string_view text) override {
    EXPECT_EQ(level, LogLevel::warning);
    lines.emplace_back(text);
  }
  std::vector<std::string> lines;
};

class CountingSpool final : public OutputSpool {
 public:
  Result<SpoolState> append(const StepId&, OutputStream, std::int64_t, std::string_view,
                            bool) override {
    if (refusal) return *refusal;
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
  std::optional<Error> refusal;
  std::set<StepId> closed;
  mutable int asked = 0;
};

const StepId kStep{"s-test"};

class LinkSyncTest : public testing::Test {
 protected:
  LinkSyncTest() {
    seams_.links = &links_;
    seams_.spool = &spool_;
    sync_.emplace(seams_, Millis{5'000}, Log(log_, LogLevel::info));
    test_.add_cluster(ClusterState::running, 1, LeaseState::ready);
  }

  void add_step(StepState state) {
    test_.add_step(kStep.text, state);
    test_.edit_step(kStep.text, [&](Step& step) { step.driver_node = test_.member(1).node.id; });
  }
  void sync() { test_.apply(sync_->sync(test_.rows, test_.facts, test_.now)); }
  // A chunk comes and wakes the loop.
  void take() {
    sync_->take_output(test_.member(1).node.id, {kStep, OutputStream::out, 0, "", false},
                       test_.now);
    sync();
  }
  void take_refused(ErrorKind kind) {
    spool_.refusal = fail(kind, "the spool's words");
    take();
  }

  TestWorld test_;
  DeafLinks links_;
  CountingSpool spool_;
  std::shared_ptr<CountingSink> log_ = std::make_shared<CountingSink>();
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

TEST_F(LinkSyncTest, FollowsAgainAtOnceBehindAGap) {
  add_step(StepState::running);
  sync();
  ASSERT_EQ(links_.follows, 1);
  take_refused(ErrorKind::failed_precondition);
  EXPECT_EQ(links_.follows, 2);
  EXPECT_TRUE(log_->lines.empty());
}

TEST_F(LinkSyncTest, FollowsAfterAPauseWhatTheDiskCannotHold) {
  add_step(StepState::running);
  sync();
  for (int i = 0; i < 100; ++i) {
    take_refused(ErrorKind::resource_exhausted);
    take_refused(ErrorKind::failed_precondition);  // what was sent behind it
  }
  EXPECT_EQ(links_.follows, 1);
  test_.pass(Millis{5'000});
  sync();
  EXPECT_EQ(links_.follows, 2);
  take_refused(ErrorKind::resource_exhausted);
  EXPECT_EQ(links_.follows, 2);
  ASSERT_EQ(log_->lines.size(), 1u) << "it is said once";
  EXPECT_NE(log_->lines[0].find("stdout of step s-test"), std::string::npos) << log_->lines[0];
  EXPECT_NE(log_->lines[0].find("the spool's words"), std::string::npos) << log_->lines[0];

  spool_.refusal.reset();  // there is room again
  take();
  take_refused(ErrorKind::failed_precondition);
  EXPECT_EQ(links_.follows, 3) << "a gap is one again";
}

}  // namespace
}  // namespace bdaas
