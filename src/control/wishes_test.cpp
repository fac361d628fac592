#include "control/wishes.h"

#include "control/test_world.h"

namespace bdaas {
namespace {

class NoRunner final : public EffectRunner {
 public:
  void start(EffectCall) override {}
};

// Wishes against rows that a test has made: the loop reads them as a manager that starts.
class WishesTest : public testing::Test {
 protected:
  ControlLoop& loop() {
    loop_.emplace(test_.rows.store(), Seams{}, runner_, clock_, test_.settings, Log(), [] {});
    EXPECT_TRUE(loop_->recover().ok());
    return *loop_;
  }

  const UserId owner_{"u-test"};
  TestWorld test_;
  FakeClock clock_;
  NoRunner runner_;
  std::optional<ControlLoop> loop_;
};

TEST_F(WishesTest, AClusterWhoseMemoryIsBeingSharedOutIsNotResized) {
  const auto id = test_.add_cluster(ClusterState::requested, 2, LeaseState::requested);
  const auto refused = resize_cluster(loop(), owner_, id, 3);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::failed_precondition);
}

TEST_F(WishesTest, ARunningClusterIsResized) {
  const auto id = test_.add_cluster(ClusterState::running, 2, LeaseState::ready);
  const auto resized = resize_cluster(loop(), owner_, id, 3);
  ASSERT_TRUE(resized.ok()) << resized.error().message;
  EXPECT_EQ(resized->spec.workers, 3);
}

TEST_F(WishesTest, AProgramThatAStepWaitsToRunIsKept) {
  Program program;
  program.id = ProgramId{"p-test"};
  program.owner = owner_;
  program.name = "count.py";
  test_.apply({Insert<Program>{program}});
  test_.add_cluster(ClusterState::running, 1, LeaseState::ready);
  test_.add_step("s-test", StepState::waiting_for_cluster);
  test_.edit_step("s-test", [&](Step& step) { step.spec.program = program.id; });
  const auto refused = remove_program(loop(), owner_, program.id);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::failed_precondition);
  EXPECT_NE(refused.error().message.find("s-test"), std::string::npos) << refused.error().message;

  test_.apply({Move<Step>{test_.step("s-test"), StepState::cancelling, Reason::none, "test", ""}});
  test_.apply({Move<Step>{test_.step("s-test"), StepState::cancelled, Reason::none, "test", ""}});
  EXPECT_TRUE(remove_program(loop(), owner_, program.id).ok());
}

}  // namespace
}  // namespace bdaas
